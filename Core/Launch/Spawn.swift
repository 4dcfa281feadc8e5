import CMitogenSystem
import Glibc

/// A process to be started: everything is decided, only the kernel is asked.
struct SpawnRequest {
  var argv: [String]
  /// "NAME=value"
  var environment: [String]
  var directory: String?

  /// Why it could not be started.
  struct Failure: Error, Equatable {
    /// "execute", "change to the directory", …
    var step: String
    var number: Int32

    var reason: String { String(cString: strerror(number)) }
  }

  struct Process {
    var pid: pid_t
    var pidfd: Int32
  }

  /// "NAME=value" of this process.
  static func inheritedEnvironment() -> [String] {
    var result: [String] = []
    // It ends with NULL, and nothing in this process changes it.
    var next = mitogen_environment()!
    while let entry = next.pointee {
      result.append(String(cString: entry))
      next += 1
    }
    return result
  }

  /// - Parameter changes: a plan's: a value sets, `nil` removes.
  static func environment(
    changes: [String: String?], inherited: [String] = inheritedEnvironment()
  ) -> [String] {
    let kept = inherited.filter { changes.index(forKey: String($0.prefix { $0 != "=" })) == nil }
    let set = changes.sorted { $0.key < $1.key }.compactMap { name, value in value.map { "\(name)=\($0)" } }
    return kept + set
  }

  /// The file to execute: as execvp would find it, by the child's own PATH.
  func executable() throws(Failure) -> String {
    let name = argv.first ?? ""
    if name.utf8.contains(UInt8(ascii: "/")) { return name }
    let path = environment.first { $0.hasPrefix("PATH=") }.map { String($0.dropFirst(5)) } ?? "/bin:/usr/bin"
    var denied = false
    for folder in path.split(separator: ":", omittingEmptySubsequences: false) {
      let candidate = folder.isEmpty ? "./\(name)" : "\(folder)/\(name)"
      var status = stat()
      guard !name.isEmpty, stat(candidate, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
      if access(candidate, X_OK) == 0 { return candidate }
      denied = true
    }
    throw Failure(step: "execute", number: denied ? EACCES : ENOENT)
  }

  /// - Parameter terminal: becomes the controlling terminal.
  func spawn(stdio: (Int32, Int32, Int32), terminal: Int32?, flags: UInt32 = 0) throws(Failure) -> Process {
    // NUL would end a string early, and what is behind it would be lost without a word.
    guard (argv + environment + [directory ?? ""]).allSatisfy({ !$0.utf8.contains(0) }) else {
      throw Failure(step: "pass a NUL byte to", number: EINVAL)
    }
    let path = try executable()
    let words = CStrings(argv)
    let variables = CStrings(environment)
    let file = CStrings([path])
    let folder = directory.map { CStrings([$0]) }
    var request = mitogen_spawn_request()
    request.path = UnsafePointer(file.pointers[0])
    request.argv = words.base
    request.envp = variables.base
    request.directory = UnsafePointer(folder?.pointers[0])
    request.stdio = stdio
    request.terminal = terminal ?? -1
    request.flags = flags
    var result = mitogen_spawn_result()
    let error = withExtendedLifetime((words, variables, file, folder)) { mitogen_spawn(&request, &result) }
    guard error == 0 else { throw Failure(step: Self.name(of: result.step), number: error) }
    return Process(pid: result.pid, pidfd: result.pidfd)
  }

  private static func name(of step: mitogen_spawn_step) -> String {
    switch step {
    case MITOGEN_SPAWN_STEP_SESSION: "begin a session"
    case MITOGEN_SPAWN_STEP_TERMINAL: "take the terminal"
    case MITOGEN_SPAWN_STEP_STDIO: "set up its descriptors"
    case MITOGEN_SPAWN_STEP_DIRECTORY: "change to the directory"
    case MITOGEN_SPAWN_STEP_EXEC: "execute"
    default: "start a process"
    }
  }
}

/// Strings for C, NULL at the end, freed with this object.
private final class CStrings {
  fileprivate let pointers: UnsafeMutableBufferPointer<UnsafeMutablePointer<CChar>?>

  init(_ strings: [String]) {
    pointers = .allocate(capacity: strings.count + 1)
    for (index, string) in strings.enumerated() { pointers.initializeElement(at: index, to: strdup(string)) }
    pointers.initializeElement(at: strings.count, to: nil)
  }

  deinit {
    for pointer in pointers { free(pointer) }
    pointers.deallocate()
  }

  /// The buffer has at least one element, so there is an address.
  var base: UnsafePointer<UnsafeMutablePointer<CChar>?> { UnsafePointer(pointers.baseAddress!) }
}
