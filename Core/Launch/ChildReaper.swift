import CMitogenSystem
import Glibc
import NIOCore
import Synchronization

/// The one place that waits for processes: one thread, a queue of pidfds.
///
/// Why a thread: NIO has no channel for a descriptor that is only ever readable and never read. Why one for all: no
/// SIGCHLD handler and no `waitpid(-1)`, which would take the exit status of children that are not ours. Signals are
/// sent under the same lock that reaping takes, so a PID or group that may already name something else is never hit.
final class ChildReaper: Sendable {
  static let shared = ChildReaper()

  private struct Entry {
    /// The child's PID, which is its process group's too; `nil`: a process of somebody else, watched only.
    var child: pid_t?
    var ended: @Sendable (ChildExit?) -> Void
  }

  private let queue: Int32
  private let entries = Mutex<[Int32: Entry]>([:])

  private init() {
    var queue: Int32 = -1
    var error = mitogen_exit_queue_open(&queue)
    precondition(error == 0, "no descriptor for the reaper: errno \(error)")
    self.queue = queue
    var thread = pthread_t()
    // `shared` is never released, so the thread may borrow it.
    let context = Unmanaged.passUnretained(self).toOpaque()
    error = pthread_create(&thread, nil, reaperThread, context)
    precondition(error == 0, "no thread for the reaper: errno \(error)")
    pthread_detach(thread)
  }

  /// Takes the pidfd over. The future succeeds when the child was reaped.
  func reap(_ process: SpawnRequest.Process, on eventLoop: any EventLoop) -> EventLoopFuture<ChildExit> {
    let promise = eventLoop.makePromise(of: ChildExit.self)
    // A child always has a status.
    add(process.pidfd, Entry(child: process.pid) { promise.succeed($0!) })
    return promise.futureResult
  }

  /// Takes a pidfd of any process over. The future succeeds when the process has ended.
  func watch(pidfd: Int32, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
    let promise = eventLoop.makePromise(of: Void.self)
    add(pidfd, Entry(child: nil) { _ in promise.succeed(()) })
    return promise.futureResult
  }

  /// Signals a child and its process group; nothing if it was reaped already.
  func signal(_ process: SpawnRequest.Process, _ number: Int32) {
    entries.withLock { entries in
      guard entries[process.pidfd]?.child == process.pid else { return }
      kill(-process.pid, number)
      _ = mitogen_pidfd_signal(process.pidfd, number)
    }
  }

  private func add(_ pidfd: Int32, _ entry: Entry) {
    entries.withLock { $0[pidfd] = entry }
    let error = mitogen_exit_queue_add(queue, pidfd)
    // ENOMEM, or a user's limit of epoll watches, which is in the hundred thousands: nothing works any more.
    precondition(error == 0, "a pidfd cannot be watched: errno \(error)")
  }

  fileprivate func run() {
    var ready = [Int32](repeating: -1, count: 64)
    while true {
      let count = mitogen_exit_queue_wait(queue, &ready, Int32(ready.count))
      for pidfd in ready.prefix(Int(count)) { ended(pidfd) }
    }
  }

  private func ended(_ pidfd: Int32) {
    let notice: (() -> Void)? = entries.withLock { entries in
      guard let entry = entries[pidfd] else { return nil }
      var status: ChildExit?
      if entry.child != nil {
        var signalled: Int32 = 0
        var value: Int32 = 0
        let error = mitogen_child_reap(pidfd, &signalled, &value)
        if error == EAGAIN { return nil }
        // ECHILD: the process that we are in ignores SIGCHLD, and nobody knows the status.
        status = error == 0 ? (signalled != 0 ? .signalled(value) : .exited(value)) : .exited(-1)
      }
      entries[pidfd] = nil
      close(pidfd)
      return { [status] in entry.ended(status) }
    }
    notice?()
  }
}

private func reaperThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  // The context is what `init` passed.
  Unmanaged<ChildReaper>.fromOpaque(context!).takeUnretainedValue().run()
  return nil
}

/// Notices the end of a process that is not a child: Ansible's main process, whose router this is.
public enum ProcessWatch {
  /// - Returns: succeeds when the process has ended; fails with `LaunchError` when there is no such process.
  public static func end(of pid: Int32, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
    var pidfd: Int32 = -1
    let error = mitogen_pidfd_open(pid, &pidfd)
    guard error == 0 else {
      return eventLoop.makeFailedFuture(
        LaunchError(code: "internal", message: "process \(pid) cannot be watched: \(String(cString: strerror(error)))"))
    }
    return ChildReaper.shared.watch(pidfd: pidfd, on: eventLoop)
  }
}
