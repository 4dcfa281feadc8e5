@_exported public import Dialogue
import Glibc
import NIOCore
import NIOPosix
import Plans

/// Carries launch plans out on this machine: plan to process to prompts to marker, and the first flight behind it.
///
/// Bound to one event loop: `launch` is called on it, and its closure is run on it. Starting a process blocks the
/// loop for less than a millisecond, whatever this process's size.
public final class Launcher: Sendable {
  private let eventLoop: any EventLoop
  /// All launches of which something is left.
  private let running: NIOLoopBoundBox<[ObjectIdentifier: LaunchAttempt]>
  private let probing: NIOLoopBoundBox<[ObjectIdentifier: Probe]>

  public init(eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
    running = .makeBoxSendingValue([:], eventLoop: eventLoop)
    probing = .makeBoxSendingValue([:], eventLoop: eventLoop)
  }

  /// Starts a node. On the launcher's event loop only.
  ///
  /// The future succeeds at the marker. Where that says that there is no Python, with a shell. Otherwise, by then `core` and `initialBytes` were written in one write, `takeover` has
  /// added its handlers to the link's pipeline, and what it wrote itself has left with them; what comes behind the
  /// marker flows to those handlers after the future's callbacks. The future fails with `LaunchError`, and then the
  /// child is being ended.
  ///
  /// - Parameters:
  ///   - secrets: by slot, as the plan's prompt rules name them.
  ///   - python: the configured interpreter, as words; `nil` where none is.
  ///   - candidates: what discovery looks for, in order.
  ///   - parentPython: the interpreter of the node that the hop starts from, for a hop that only changes the account.
  ///   - core: what the first stage reads: the agent's core, compressed (zlib).
  ///   - initialBytes: right behind it: the router's HELLO and what is queued for the node.
  ///   - trial: runs an interpreter once for nothing before it is trusted; for a hop to a new machine, after an attempt
  ///     without this. Where none can be run, there is a shell.
  ///   - log: takes what the plan's rules log, for as long as the child lives; secrets are masked.
  ///   - takeover: gets the link's channel; a failed future ends the launch.
  public func launch(
    plan: LaunchPlan, secrets: [String: Secret], python: [String]?, candidates: [String], parentPython: String?,
    core: [UInt8], initialBytes: [UInt8], trial: Bool = false, log: @escaping (String) -> Void = { _ in },
    takeover: @escaping (any Channel) -> EventLoopFuture<Void>
  ) -> EventLoopFuture<LaunchOutcome> {
    eventLoop.preconditionInEventLoop()
    let stage = FirstStage(nonce: Self.nonce(), size: core.count, isTerminal: plan.stdio == .tty)
    let direct = python ?? (plan.interpreter == .direct ? parentPython.map { [$0] } : nil)
    let lookedFor = candidates.isEmpty ? Self.usualCandidates : candidates
    let command =
      trial
      ? stage.trial(python: python, candidates: lookedFor)
      : direct.map(stage.command(interpreter:)) ?? stage.discovery(candidates: lookedFor)
    let attempt = LaunchAttempt(
      eventLoop: eventLoop, plan: plan, secrets: secrets,
      machine: LaunchMachine(plan: plan, secrets: secrets, marker: stage.marker, candidates: direct.map { [$0.joined(separator: " ")] } ?? lookedFor),
      firstFlight: ByteBuffer(bytes: core + initialBytes), log: log, takeover: takeover)
    remember(attempt)
    attempt.start(bootstrap: command)
    return attempt.launched
  }

  /// Runs one of a plan's probes. On the launcher's event loop only.
  ///
  /// The future succeeds with what the command printed, also where it failed or could not be started; it fails with
  /// `LaunchError` when the command has not ended in time, and is being ended.
  ///
  /// - Parameter seconds: until it must have ended.
  public func probe(_ argv: [String], of plan: LaunchPlan, within seconds: Double) -> EventLoopFuture<ProbeResult> {
    eventLoop.preconditionInEventLoop()
    let probe = Probe(argv: argv, plan: plan, eventLoop: eventLoop)
    let id = ObjectIdentifier(probe)
    probing.value[id] = probe
    probe.ended.assumeIsolated().whenComplete { [probing] _ in probing.value[id] = nil }
    probe.start(within: seconds)
    return probe.result
  }

  /// Succeeds when every child that was started up to now has ended. From any thread.
  public func allEnded() -> EventLoopFuture<Void> {
    eventLoop.flatSubmit { [eventLoop, running, probing] in
      EventLoopFuture.andAllComplete(running.value.values.map(\.ended) + probing.value.values.map(\.ended), on: eventLoop)
    }
  }

  /// Ends every child, also those that are still on the way to their marker. On the launcher's event loop only.
  public func terminateAll() {
    eventLoop.preconditionInEventLoop()
    for attempt in Array(running.value.values) { attempt.terminate() }
    for probe in Array(probing.value.values) { probe.terminate() }
  }

  private func remember(_ attempt: LaunchAttempt) {
    let id = ObjectIdentifier(attempt)
    running.value[id] = attempt
    attempt.ended.assumeIsolated().whenComplete { [running] _ in running.value[id] = nil }
  }

  private static let usualCandidates = ["python3", "/usr/bin/python3", "/usr/libexec/platform-python", "python"]

  private static func nonce() -> String {
    let digits = String(UInt64.random(in: .min ... .max), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
