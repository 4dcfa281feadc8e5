import NIOCore

/// How a launch ended, if it did not fail.
public enum LaunchOutcome: Sendable {
  case node(LaunchedChild)
  /// There is no Python, says the error, and the child is a shell that can be told commands.
  case shell(LaunchedShell, LaunchError)
}

/// A child in which no Python was found: a shell that evaluates lines, and looks for a Python again when it is told to.
///
/// What to write is `ShellDialogue`'s. On the launcher's event loop only, save `exit` and `terminate`.
public final class LaunchedShell: Sendable {
  /// Succeeds when the child was reaped, and all that it had said was read.
  public let exit: EventLoopFuture<ChildExit>
  private let attempt: NIOLoopBound<LaunchAttempt>

  init(exit: EventLoopFuture<ChildExit>, attempt: LaunchAttempt) {
    self.exit = exit
    self.attempt = NIOLoopBound(attempt, eventLoop: attempt.eventLoop)
  }

  /// - Parameter call: gets what the shell says, until it looks for a Python again.
  public func onOutput(_ call: @escaping (_ bytes: [UInt8], _ isStderr: Bool) -> Void) {
    attempt.value.shellOutput = call
  }

  public func write(_ bytes: [UInt8]) {
    attempt.value.write(bytes)
  }

  /// Looks for a Python again: as a launch, in the process that there is.
  ///
  /// - Parameter line: what tells the shell to.
  public func searchAgain(
    line: [UInt8], core: [UInt8], log: @escaping (String) -> Void, takeover: @escaping (any Channel) -> EventLoopFuture<Void>
  ) -> EventLoopFuture<LaunchOutcome> {
    attempt.value.searchAgain(line: line, firstFlight: ByteBuffer(bytes: core), log: log, takeover: takeover)
  }

  /// Closes the descriptors, at which the shell ends; later TERM, then KILL.
  public func terminate() {
    attempt.eventLoop.execute { [attempt] in attempt.value.terminate() }
  }

  /// Why it ended.
  public func diagnose() -> LaunchError { attempt.value.diagnose() }
}
