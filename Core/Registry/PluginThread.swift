import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// One thread for one library: all its functions are called there, one after the other, and whoever waits for an
/// answer waits no longer than its deadline.
///
/// A call that does not return cannot be ended, only left: the thread is then lost, and its library must not be
/// called again. `@unchecked Sendable`: `queue` is touched only with `mutex` held.
final class PluginThread: @unchecked Sendable {
  /// The deadline has passed; the thread is lost.
  struct Overdue: Error {}

  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let arrived = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var queue: [@Sendable () -> Void] = []
  private var isEnding = false

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(arrived, nil)
    var thread = pthread_t()
    // The thread holds on to this object until `end`.
    let result = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<PluginThread>.fromOpaque(context).takeRetainedValue().work()
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
    precondition(result == 0, "no thread to be had: \(SystemError(result))")
    pthread_detach(thread)
  }

  deinit {
    pthread_cond_destroy(arrived)
    pthread_mutex_destroy(mutex)
    arrived.deallocate()
    mutex.deallocate()
  }

  /// The thread ends when it has no more to do.
  func end() {
    pthread_mutex_lock(mutex)
    isEnding = true
    pthread_cond_signal(arrived)
    pthread_mutex_unlock(mutex)
  }

  private func work() {
    while true {
      pthread_mutex_lock(mutex)
      while queue.isEmpty, !isEnding { pthread_cond_wait(arrived, mutex) }
      let next = queue.isEmpty ? nil : queue.removeFirst()
      pthread_mutex_unlock(mutex)
      guard let next else { return }
      next()
    }
  }

  /// Runs `body` on the thread. Any thread may call, except this one.
  func run<Value: Sendable>(within deadline: Duration, _ body: @escaping @Sendable () throws -> Value) throws -> Value {
    let result = Awaited<Result<Value, any Error>>()
    pthread_mutex_lock(mutex)
    queue.append { result.fulfil(Result(catching: body)) }
    pthread_cond_signal(arrived)
    pthread_mutex_unlock(mutex)
    guard let result = result.wait(within: deadline) else { throw Overdue() }
    return try result.get()
  }
}

/// A value that another thread will give. `@unchecked Sendable`: `value` is touched only with `mutex` held.
private final class Awaited<Value: Sendable>: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let given = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var value: Value?

  init() {
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    // A step of the wall clock must not fail a plugin.
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(given, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(given)
    pthread_mutex_destroy(mutex)
    given.deallocate()
    mutex.deallocate()
  }

  func fulfil(_ value: Value) {
    pthread_mutex_lock(mutex)
    self.value = value
    pthread_cond_signal(given)
    pthread_mutex_unlock(mutex)
  }

  func wait(within deadline: Duration) -> Value? {
    var until = MonotonicTime.now().advanced(by: deadline).timespec
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while value == nil {
      if pthread_cond_timedwait(given, mutex, &until) == ETIMEDOUT { break }
    }
    return value
  }
}

/// A moment of the clock that only goes forward.
struct MonotonicTime {
  private var nanoseconds: Int64

  static func now() -> MonotonicTime {
    var time = Glibc.timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return MonotonicTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }

  func advanced(by duration: Duration) -> MonotonicTime {
    let parts = duration.components
    // A deadline of years is cut, so that no sum overflows.
    let seconds = max(0, min(parts.seconds, 100_000_000))
    return MonotonicTime(nanoseconds: nanoseconds + seconds * 1_000_000_000 + parts.attoseconds / 1_000_000_000)
  }

  var timespec: Glibc.timespec {
    Glibc.timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
  }

  /// For poll(2): rounded up, so that it does not wake just before.
  func milliseconds(until other: MonotonicTime) -> Int32 {
    Int32(clamping: max(0, (other.nanoseconds - nanoseconds + 999_999) / 1_000_000))
  }
}
