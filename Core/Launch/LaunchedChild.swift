import NIOCore

/// A child whose Python has started, and its link.
///
/// The link's pipeline is the router's. The launcher still reads stderr and the terminal, and says why the child
/// ended. `terminate`, `helloReceived` and the futures are for any thread; the rest is for the event loop.
public final class LaunchedChild: Sendable {
  public let pid: Int32
  /// The plan's: "ssh to web1".
  public let description: String
  /// The link. It may outlive the child, when a process that it left behind holds the descriptor: who uses the link
  /// after HELLO closes it when `exit` is known.
  public let channel: any Channel
  /// Succeeds when the child was reaped, and all that it had said was read.
  public let exit: EventLoopFuture<ChildExit>

  private let attempt: NIOLoopBound<LaunchAttempt>

  init(pid: Int32, channel: any Channel, exit: EventLoopFuture<ChildExit>, attempt: LaunchAttempt) {
    self.pid = pid
    description = attempt.plan.description
    self.channel = channel
    self.exit = exit
    self.attempt = NIOLoopBound(attempt, eventLoop: attempt.eventLoop)
  }

  /// HELLO came: the deadline is off.
  public func helloReceived() {
    onLoop { $0.helloReceived() }
  }

  /// Closes the descriptors, from which an agent knows that it is to clean up and end; later TERM, then KILL, to the
  /// child and its process group. Ending takes as long as `exit` does.
  public func terminate() {
    onLoop { $0.terminate() }
  }

  /// Why the link ended, as far as it is known now: on a link that has just closed, `diagnosis` knows more.
  public func diagnose() -> LaunchError {
    attempt.value.diagnose()
  }

  /// Why the link ended: waits (half a second at most) for the exit status and the last words.
  public func diagnosis() -> EventLoopFuture<LaunchError> {
    attempt.eventLoop.flatSubmit { [attempt] in attempt.value.diagnosis() }
  }

  /// The end of what stderr and the terminal said, at most 8 KiB, secrets masked.
  public var lastSeen: String { attempt.value.said }

  private func onLoop(_ body: @escaping @Sendable (LaunchAttempt) -> Void) {
    if attempt.eventLoop.inEventLoop {
      body(attempt.value)
    } else {
      attempt.eventLoop.execute { [attempt] in body(attempt.value) }
    }
  }
}
