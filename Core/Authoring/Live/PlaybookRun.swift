#if canImport(Glibc)
  import Glibc
#endif

/// A command whose output is read line by line; what it says on stderr goes where ours does.
struct PlaybookRun {
  var command: [String]
  /// Over this process's own.
  var environment: [String: String]

  /// - Returns: the exit status; 128 and more where a signal ended it.
  func lines(_ body: (String) -> Void) throws(LivePlay.Unrunnable) -> Int32 {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw failure("a pipe") }
    // Nothing else is started beside it.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let pid: pid_t
    do throws(LivePlay.Unrunnable) {
      pid = try start(stdout: ends[1])
    } catch {
      close(ends[0])
      close(ends[1])
      throw error
    }
    close(ends[1])
    defer { close(ends[0]) }
    read(ends[0], body)
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
  }

  private func start(stdout: Int32) throws(LivePlay.Unrunnable) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, stdout, STDOUT_FILENO)
    // SIGPIPE is ignored here, and a program that is started is to end by it.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))

    var argv: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    var envp: [UnsafeMutablePointer<CChar>?] = merged().map { strdup($0) } + [nil]
    defer { for text in argv + envp { free(text) } }
    var pid = pid_t()
    let error = posix_spawnp(&pid, command[0], &actions, &attributes, &argv, &envp)
    guard error == 0 else {
      throw LivePlay.Unrunnable(description: "\(command[0]): \(String(cString: strerror(error))); it has to be on the PATH")
    }
    return pid
  }

  private func merged() -> [String] {
    var all: [String] = []
    var entry = environ
    while let text = entry.pointee {
      let pair = String(cString: text)
      if !environment.keys.contains(where: { pair.hasPrefix("\($0)=") }) { all.append(pair) }
      entry += 1
    }
    return all + environment.map { "\($0)=\($1)" }
  }

  private func read(_ descriptor: Int32, _ body: (String) -> Void) {
    var rest: [UInt8] = []
    while true {
      let chunk = [UInt8](unsafeUninitializedCapacity: 65536) { space, count in
        repeat { count = Glibc.read(descriptor, space.baseAddress, space.count) } while count < 0 && errno == EINTR
        count = max(0, count)
      }
      rest += chunk
      while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        body(String(decoding: rest[..<end], as: UTF8.self))
        rest.removeSubrange(...end)
      }
      if chunk.isEmpty { break }
    }
    if !rest.isEmpty { body(String(decoding: rest, as: UTF8.self)) }
  }

  private func failure(_ what: String) -> LivePlay.Unrunnable {
    .init(description: "\(what) is not to be had: \(String(cString: strerror(errno)))")
  }
}
