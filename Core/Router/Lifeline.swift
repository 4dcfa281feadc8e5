import CMitogenSystem
import Glibc

/// Ends the router when the process that it serves does.
///
/// By pidfd, not by a pipe: a pipe's EOF waits for the forked workers too, and PR_SET_PDEATHSIG follows a thread.
/// SIGTERM and SIGINT count as the same end. To be made before the process has a second thread.
public struct Lifeline: Sendable {
  private let signals: Int32

  public init() {
    var descriptor: Int32 = -1
    signals = mitogen_block_end_signals(&descriptor) == 0 ? descriptor : -1
  }

  /// Blocks until the process has ended or a signal has come; returns which, in words.
  public func wait(for pid: Int32?) -> String {
    var process: Int32 = -1
    if let pid, mitogen_pidfd_open(pid, &process) != 0 {
      return "process \(pid), which it was to serve, is gone"
    }
    return mitogen_wait_readable(process, signals) == 0 ? "the process that it serves has ended" : "it was told to end"
  }
}
