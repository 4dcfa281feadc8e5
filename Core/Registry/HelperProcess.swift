import CMitogenSystem

#if canImport(Glibc)
  import Glibc
#endif

/// A running `mitogen plugin-host`: its socket, its stderr, and its end.
///
/// Not thread-safe; `HelperRoom` gives one thread at a time its turn.
final class HelperProcess {
  enum Failure: Error {
    case overdue
    /// The process has ended; how, and what it had to say.
    case ended(String)
    case notStarted(String)
    case garbage
  }

  private let socket: Int32
  private let errors: Int32
  private let pidfd: Int32
  private var buffer: [UInt8] = []
  /// The end of what the process wrote to stderr: where a runtime says why it gave up.
  private var lastErrors: [UInt8] = []
  private static let lastErrorsLimit = 2048

  /// What a helper may see of the router's environment. The rest may hold passwords.
  private static let inherited = ["PATH", "HOME", "LANG", "LC_ALL", "LC_MESSAGES", "LD_LIBRARY_PATH", "TMPDIR", "TZ"]

  init(command: [String]) throws(Failure) {
    let sockets = try Self.pair()
    defer { close(sockets[1]) }
    let pipes: [Int32]
    do {
      pipes = try Self.pair()
    } catch {
      close(sockets[0])
      throw error
    }
    defer { close(pipes[1]) }
    let null = open("/dev/null", O_RDWR | O_CLOEXEC)
    defer { close(null) }

    var result = mitogen_spawn_result()
    let status = withCStrings(command) { argv in
      withCStrings(Self.environment()) { envp in
        withCStrings([command[0]]) { paths in
          var request = mitogen_spawn_request()
          request.paths = paths
          request.argv = argv
          request.envp = envp
          request.stdio = (sockets[1], null, pipes[1])
          request.terminal = -1
          return mitogen_spawn(&request, &result)
        }
      }
    }
    guard status == 0 else {
      close(sockets[0])
      close(pipes[0])
      throw .notStarted("\(command[0]): \(SystemError(status))")
    }
    socket = sockets[0]
    errors = pipes[0]
    pidfd = result.pidfd
    _ = fcntl(socket, F_SETFL, O_NONBLOCK)
    _ = fcntl(errors, F_SETFL, O_NONBLOCK)
  }

  private static func pair() throws(Failure) -> [Int32] {
    var pair: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &pair) == 0 else {
      throw .notStarted("\(SystemError(errno))")
    }
    return pair
  }

  private static func environment() -> [String] {
    // A runtime that stops to write a backtrace would outlast the deadline.
    ["SWIFT_BACKTRACE=enable=no"]
      + inherited.compactMap { name in getenv(name).map { "\(name)=\(String(cString: $0))" } }
  }

  deinit {
    // It is not needed any more: at the end of its input it ends by itself, without the time that stop() gives it.
    _ = shutdown(socket, Int32(SHUT_RDWR))
    _ = stop()
    close(socket)
    close(errors)
    close(pidfd)
  }

  // MARK: Messages

  func send(_ bytes: [UInt8], until deadline: MonotonicTime) throws(Failure) {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(socket, $0.baseAddress.map { $0 + sent }, $0.count - sent, Int32(MSG_NOSIGNAL))
      }
      if count >= 0 {
        sent += count
      } else if errno == EAGAIN {
        try wait(for: Int16(POLLOUT), until: deadline)
      } else if errno != EINTR {
        throw .ended(stop())
      }
    }
  }

  func receive(until deadline: MonotonicTime) throws(Failure) -> HelperMessage {
    while true {
      do {
        if let message = try HelperMessage.take(from: &buffer) { return message }
      } catch {
        throw .garbage
      }
      let count = readAvailable(socket, into: &buffer)
      if count == 0 || (count < 0 && errno == ECONNRESET) { throw .ended(stop()) }
      if count < 0, errno == EAGAIN { try wait(for: Int16(POLLIN), until: deadline) }
    }
  }

  private func wait(for events: Int16, until deadline: MonotonicTime) throws(Failure) {
    var wanted = [pollfd(fd: socket, events: events, revents: 0), pollfd(fd: errors, events: Int16(POLLIN), revents: 0)]
    while true {
      let left = MonotonicTime.now().milliseconds(until: deadline)
      let ready = poll(&wanted, 2, left)
      if ready > 0, wanted[1].revents != 0, !drainErrors() { wanted[1].fd = -1 }
      if ready > 0, wanted[0].revents != 0 { return }
      if left == 0 { throw .overdue }
    }
  }

  /// False when there will be no more.
  private func drainErrors() -> Bool {
    while true {
      let count = readAvailable(errors, into: &lastErrors)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return count < 0 && errno == EAGAIN }
      lastErrors.removeFirst(max(0, lastErrors.count - Self.lastErrorsLimit))
    }
  }

  // MARK: The end

  /// Ends the process if it has not ended, and says how it ended.
  func stop() -> String {
    var signalled: Int32 = 0
    var value: Int32 = 0
    // A socket that is closed before the process ends is the process's doing, not ours: let it end by itself
    // first, so that its own signal is what is reported.
    var ended = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
    if poll(&ended, 1, 100) == 0 {
      _ = mitogen_pidfd_signal(pidfd, SIGKILL)
      poll(&ended, 1, 1000)
    }
    guard mitogen_child_reap(pidfd, &signalled, &value) == 0 else { return "its process ended" }
    _ = drainErrors()
    let how = signalled != 0 ? "its process was ended by \(signalName(value))" : "its process ended with status \(value)"
    let words = String(decoding: lastErrors, as: UTF8.self).split(whereSeparator: \.isNewline).suffix(3)
      .joined(separator: " / ")
    return words.isEmpty ? how : "\(how), and had written: \(words)"
  }

  private func signalName(_ number: Int32) -> String {
    switch number {
    case SIGSEGV: "SIGSEGV"
    case SIGABRT: "SIGABRT"
    case SIGBUS: "SIGBUS"
    case SIGILL: "SIGILL"
    case SIGFPE: "SIGFPE"
    case SIGTRAP: "SIGTRAP"
    case SIGKILL: "SIGKILL"
    default: "signal \(number)"
    }
  }
}

/// What can be read without waiting: the count, 0 at the end, negative with errno.
private func readAvailable(_ descriptor: Int32, into buffer: inout [UInt8]) -> Int {
  withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 16) { space in
    let count = read(descriptor, space.baseAddress, space.count)
    if count > 0 { buffer.append(contentsOf: space[..<count]) }
    return count
  }
}

/// Lends texts as a NULL-terminated array.
private func withCStrings<Result>(
  _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
  var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) } + [nil]
  defer { for pointer in pointers { free(pointer) } }
  return pointers.withUnsafeMutableBufferPointer { body(UnsafePointer($0.baseAddress!)) }  // at least the NULL
}
