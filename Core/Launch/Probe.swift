import Glibc
import NIOCore
import NIOPosix
import Plans

/// One command that is run to its end for what it prints, with nothing on stdin. On its event loop only.
final class Probe {
  /// Of each stream, in bytes: what a tool says of one container has hundreds.
  static let limit = 1 << 20
  /// Between TERM and KILL, past its deadline.
  static let grace = TimeAmount.seconds(1)

  private let eventLoop: any EventLoop
  private let argv: [String]
  private let plan: LaunchPlan
  private var promise: EventLoopPromise<ProbeResult>?
  /// The command has ended: what it printed, or why it gave no result.
  let result: EventLoopFuture<ProbeResult>
  private let endedPromise: EventLoopPromise<Void>
  private var process: SpawnRequest.Process?
  private let output = Heard()
  private let errors = Heard()
  private var timers: [Scheduled<Void>] = []

  /// Nothing of it is left.
  var ended: EventLoopFuture<Void> { endedPromise.futureResult }

  init(argv: [String], plan: LaunchPlan, eventLoop: any EventLoop) {
    self.argv = argv
    self.plan = plan
    self.eventLoop = eventLoop
    let promise = eventLoop.makePromise(of: ProbeResult.self)
    self.promise = promise
    result = promise.futureResult
    endedPromise = eventLoop.makePromise()
  }

  /// - Parameter seconds: until it must have ended.
  func start(within seconds: Double) {
    do {
      let stdio = try ChildStdio(.pipes)
      let request = SpawnRequest(
        argv: argv, environment: SpawnRequest.environment(changes: plan.environment), directory: plan.directory)
      let process = try request.spawn(
        stdio: (stdio.child.input.number, stdio.child.output.number, stdio.child.error.number), terminal: nil)
      stdio.closeChildEnds()
      self.process = process
      ChildReaper.shared.reap(process, on: eventLoop).assumeIsolated().whenSuccess { self.childEnded($0) }
      timers = [
        eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(min(seconds, LaunchAttempt.longestTimeout) * 1000))) {
          self.deadlinePassed()
        }
      ]
      // The other side of its stdin is let go of here.
      if case .pipes(let reader, _) = stdio.link { hear(reader, output) }
      if let reader = stdio.stderr { hear(reader, errors) }
    } catch let failure as SpawnRequest.Failure {
      // What a shell says of a command that it cannot start.
      finish(
        .success(
          ProbeResult(rc: failure.number == EACCES ? 126 : 127, stdout: "", stderr: "\(argv.first ?? ""): \(failure.reason)\n")))
      endedPromise.succeed(())
    } catch {
      finish(.failure(LaunchError(code: "internal", message: "\(plan.description): \(error)")))
      endedPromise.succeed(())
    }
  }

  func terminate() {
    guard let process else { return }
    ChildReaper.shared.signal(process, SIGTERM)
    timers.append(
      eventLoop.assumeIsolated().scheduleTask(in: Self.grace) { ChildReaper.shared.signal(process, SIGKILL) })
  }

  private func hear(_ descriptor: OwnedDescriptor, _ heard: Heard) {
    heard.descriptor = descriptor.number
    let handler = NIOLoopBound(heard, eventLoop: eventLoop)
    NIOPipeBootstrap(group: eventLoop)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(handler.value) }
      }
      .takingOwnershipOfDescriptor(input: descriptor.take()).assumeIsolated().whenSuccess { heard.channel = $0 }
  }

  private func deadlinePassed() {
    finish(
      .failure(
        LaunchError(
          code: "timeout", message: "\(plan.description): \(argv.joined(separator: " ")) did not end in time",
          hint: "Raise the timeout, or see what it waits for.")))
    terminate()
  }

  private func finish(_ outcome: Result<ProbeResult, LaunchError>) {
    switch outcome {
    case .success(let result): promise?.succeed(result)
    case .failure(let error): promise?.fail(error)
    }
    promise = nil
  }

  private func childEnded(_ exit: ChildExit) {
    process = nil
    timers.forEach { $0.cancel() }
    timers = []
    let rc =
      switch exit {
      case .exited(let status): Int(status)
      case .signalled(let number): 128 + Int(number)
      }
    finish(.success(ProbeResult(rc: rc, stdout: output.close(), stderr: errors.close())))
    endedPromise.succeed(())
  }
}

@available(*, unavailable)
extension Probe: Sendable {}

/// Keeps what comes, up to the limit.
private final class Heard: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  var channel: (any Channel)?
  var descriptor: Int32 = -1
  private var bytes: [UInt8] = []

  /// All that was said. What is there is read now, rather than waited for up to an EOF: a process that the command left
  /// behind can hold the descriptor.
  func close() -> String {
    if let channel, channel.isActive { append(System.readAvailable(descriptor, limit: Probe.limit)) }
    channel?.close(promise: nil)
    return String(decoding: bytes, as: UTF8.self)
  }

  private func append(_ more: some Sequence<UInt8>) {
    bytes.append(contentsOf: more.prefix(max(Probe.limit - bytes.count, 0)))
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    append(unwrapInboundIn(data).readableBytesView)
  }

  /// NIO closes the channel; why it could not be read concerns nobody.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}
