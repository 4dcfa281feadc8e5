import CMitogenSystem
import Glibc
import Plans

/// A process to be started: everything is decided, only the kernel is asked.
struct SpawnRequest {
  var argv: [String]
  /// "NAME=value"
  var environment: [String]
  /// Of a child that goes elsewhere: variables of the account that it is not to have.
  var without: [String] = []
  var directory: String?
  /// Where the child goes first; the rest is meant in there.
  var enter: LaunchPlan.Enter?

  /// Why it could not be started.
  struct Failure: Error, Equatable {
    /// "execute", "change to the directory", …
    var step: String
    var number: Int32

    var reason: String { String(cString: strerror(number)) }
    /// Where `step` is one on the way into a container.
    var obstacle: EntryObstacle? { EntryObstacle(rawValue: step) }
  }

  struct Process {
    var pid: pid_t
    var pidfd: Int32
  }

  /// What a child begins with that goes elsewhere: nothing of ours is meant there.
  static let environmentElsewhere = ["PATH=\(pathElsewhere)"]
  private static let pathElsewhere = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  init(argv: [String], environment: [String], directory: String? = nil, enter: LaunchPlan.Enter? = nil) {
    self.argv = argv
    self.environment = environment
    self.directory = directory
    self.enter = enter
  }

  /// - Parameter argv: the plan's, with its bootstrap put in.
  init(plan: LaunchPlan, argv: [String]) {
    self.init(
      argv: argv,
      environment: Self.environment(
        changes: plan.environment,
        inherited: plan.enter == nil ? Self.inheritedEnvironment() : Self.environmentElsewhere),
      directory: plan.directory, enter: plan.enter)
    if enter != nil { without = plan.environment.filter { $0.value == nil }.keys.sorted() }
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

  /// What the file to execute may be: by the child's own PATH, in its order.
  var candidates: [String] {
    guard let name = argv.first, !name.isEmpty else { return [] }
    if name.utf8.contains(UInt8(ascii: "/")) { return [name] }
    let path = environment.first { $0.hasPrefix("PATH=") }.map { String($0.dropFirst(5)) } ?? (enter == nil ? "/bin:/usr/bin" : Self.pathElsewhere)
    return path.split(separator: ":", omittingEmptySubsequences: false).map { $0.isEmpty ? "./\(name)" : "\($0)/\(name)" }
  }

  /// The file to execute: as execvp would find it. Of a child that goes elsewhere only the child can know.
  func executables() throws(Failure) -> [String] {
    let candidates = self.candidates
    if enter != nil || candidates.count == 1 { return candidates }
    var denied = false
    for candidate in candidates {
      var status = stat()
      guard stat(candidate, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
      if access(candidate, X_OK) == 0 { return [candidate] }
      denied = true
    }
    throw Failure(step: "execute", number: denied ? EACCES : ENOENT)
  }

  /// - Parameter terminal: becomes the controlling terminal.
  func spawn(stdio: (Int32, Int32, Int32), terminal: Int32?, flags: UInt32 = 0) throws(Failure) -> Process {
    // NUL would end a string early, and what is behind it would be lost without a word.
    guard (argv + environment + without + [directory ?? "", enter?.user ?? ""]).allSatisfy({ !$0.utf8.contains(0) }) else {
      throw Failure(step: "pass a NUL byte to", number: EINVAL)
    }
    let files = CStrings(try executables())
    let words = CStrings(argv)
    let variables = CStrings(environment, spare: enter == nil ? 0 : Int(MITOGEN_ENTRY_VARIABLES))
    let without = CStrings(self.without)
    let folder = directory.map { CStrings([$0]) }
    var entry: OpenedEntry?
    if let enter { entry = try OpenedEntry.open(enter) }
    var request = mitogen_spawn_request()
    request.paths = files.base
    request.argv = words.base
    request.envp = variables.base
    request.without = without.base
    request.directory = UnsafePointer(folder?.pointers[0])
    request.stdio = stdio
    request.terminal = terminal ?? -1
    request.flags = flags
    request.entry = entry.map { UnsafePointer($0.pointer) }
    var result = mitogen_spawn_result()
    let error = withExtendedLifetime((words, variables, without, files, folder, entry)) { mitogen_spawn(&request, &result) }
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
    case MITOGEN_SPAWN_STEP_JOIN: EntryObstacle.join.rawValue
    case MITOGEN_SPAWN_STEP_ROOT: EntryObstacle.root.rawValue
    case MITOGEN_SPAWN_STEP_USER: EntryObstacle.user.rawValue
    case MITOGEN_SPAWN_STEP_GROUP: EntryObstacle.group.rawValue
    case MITOGEN_SPAWN_STEP_ACCOUNT: EntryObstacle.account.rawValue
    case MITOGEN_SPAWN_STEP_TIME: EntryObstacle.time.rawValue
    default: "start a process"
    }
  }
}

/// Strings for C, NULL at the end, freed with this object.
final class CStrings {
  let pointers: UnsafeMutableBufferPointer<UnsafeMutablePointer<CChar>?>

  /// - Parameter spare: so many places more behind the NULL.
  init(_ strings: [String], spare: Int = 0) {
    pointers = .allocate(capacity: strings.count + 1 + spare)
    pointers.initialize(repeating: nil)
    for (index, string) in strings.enumerated() { pointers[index] = strdup(string) }
  }

  deinit {
    for pointer in pointers { free(pointer) }
    pointers.deallocate()
  }

  /// The buffer has at least one element, so there is an address.
  var base: UnsafePointer<UnsafeMutablePointer<CChar>?> { UnsafePointer(pointers.baseAddress!) }
}
