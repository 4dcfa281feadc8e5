import Glibc
import Plans
import Registry
import Synchronization
import Testing

/// Libraries that are not the installation's own: in a helper process, which they may ruin.
@Suite struct IsolationTests {
  private func hostile(_ mistake: String, loadDeadline: Duration = .seconds(5)) throws -> (Registry, String) {
    let library = try CLibrary.build("hostile.c", ["-DMISTAKE=\(mistake)"])
    CLibrary.writeManifest(library)
    return (CLibrary.registry(library, isolation: .automatic, loadDeadline: loadDeadline), library)
  }

  private func failure(_ registry: Registry, deadline: Duration = .seconds(5)) throws -> RegistryError {
    try #require(throws: RegistryError.self) {
      try registry.connectionMethod(named: "acme").plan(optionsJSON: Array("{}".utf8), deadline: deadline)
    }
  }

  @Test func aLibraryServesFromAHelperAsFromHere() throws {
    let library = try CLibrary.build("newer.c")
    try TemporaryFolder.write(Manifest.generate(library: library).json(), Manifest.path(forLibrary: library))
    let lines = Mutex<[RegistryConfiguration.LogLine]>([])
    let registry = CLibrary.registry(library, isolation: .automatic) { line in lines.withLock { $0.append(line) } }
    let method = try registry.connectionMethod(named: "later")
    for call in 1...3 {
      let plan = try method.plan(optionsJSON: Array(#"{"n":\#(call)}"#.utf8))
      #expect(plan.argv[1] == .literal("call \(call)"))
    }
    #expect(lines.withLock { $0 } == Array(repeating: .init(level: "info", library: "libAcme.so", text: "planning"), count: 3))
    #expect(registry.listing().first { $0.name == "later" }?.isolated == true)
  }

  @Test func aRefusalCrossesTheProcessBoundary() throws {
    let library = try CLibrary.build("minimal.c")
    try TemporaryFolder.write(Manifest.generate(library: library).json(), Manifest.path(forLibrary: library))
    #expect(throws: PluginRefusal(code: "unreachable", message: "there is no cell", hint: "set ansible_host")) {
      try CLibrary.registry(library, isolation: .process).connectionMethod(named: "cell")
        .plan(optionsJSON: Array(#"{"no":1}"#.utf8))
    }
  }

  @Test(arguments: ["WRONG_MAGIC", "UNKNOWN_REQUIRED", "STRANGE_RESULT"])
  func aMistakeIsNamedByTheHelperInTheSameWords(_ mistake: String) throws {
    let (isolated, library) = try hostile(mistake)
    let here = CLibrary.registry(library, isolation: .none)
    #expect(try failure(isolated) == failure(here))
  }

  @Test func aCrashHasTheNameOfThePluginAndItsOperation() throws {
    let (registry, library) = try hostile("CRASH")
    let error = try failure(registry)
    #expect(error.file == library && error.item == "operation plan of acme")
    #expect(error.found == "its process was ended by SIGSEGV")
    #expect(registry.listing().first?.state == .quarantined)
    #expect(try failure(registry) == error)
  }

  @Test func theLastWordsOfAPluginAreReported() throws {
    let error = try failure(hostile("ABORT").0)
    #expect(error.found == "its process was ended by SIGABRT, and had written: acme: assertion failed: moon is full")
  }

  @Test func aPluginThatExitsIsReported() throws {
    #expect(try failure(hostile("EXIT").0).found == "its process ended with status 0")
  }

  @Test func aHangIsEndedAtItsDeadline() throws {
    let (registry, library) = try hostile("HANG")
    let error = try failure(registry, deadline: .milliseconds(300))
    #expect(error.file == library && error.item == "operation plan of acme")
    #expect(error.expected == "an answer within 0.3 s" && error.found == "none")
    #expect(registry.listing().first?.state == .quarantined)
  }

  @Test func aConstructorThatNeverReturnsIsEndedAtTheDeadlineForLoading() throws {
    let error = try failure(hostile("CONSTRUCTOR_HANGS", loadDeadline: .milliseconds(400)).0)
    #expect(error.item == "loading" && error.expected == "an answer within 0.4 s")
  }

  @Test func aConstructorThatCrashesIsReported() throws {
    let error = try failure(hostile("CONSTRUCTOR_CRASHES").0)
    #expect(error.item == "loading" && error.found == "its process was ended by SIGSEGV")
  }

  @Test func aPluginThatClosesEveryDescriptorIsReported() throws {
    let error = try failure(hostile("CLOSES_DESCRIPTORS").0)
    #expect(error.item == "operation plan of acme")
  }

  @Test func aPluginThatPrintsMuchIsServedAllTheSame() throws {
    let (registry, _) = try hostile("CHATTER")
    let plan = try registry.connectionMethod(named: "acme").plan(optionsJSON: Array("{}".utf8))
    #expect(plan.argv == [.literal("x"), .bootstrapWords])
  }

  @Test func noHelperIsLeftBehind() throws {
    // A name of its own, by which a running and an ended process are found alike.
    let name = "mh\(getpid())"
    let folder = TemporaryFolder.make()
    symlink(BuiltLibraries.buildFolder + "/PluginHostForTests", folder + "/" + name)
    let library = try CLibrary.build("hostile.c", ["-DMISTAKE=HANG"])
    CLibrary.writeManifest(library)
    let registry = Registry(
      configuration: .init(
        folders: [.init(CLibrary.folder(of: library), .site)], helperCommand: [folder + "/" + name]))
    _ = try failure(registry, deadline: .milliseconds(100))
    #expect(processes(named: name).isEmpty)
  }

  @Test func aHelperEndsWithItsRouterEvenWhileItsPluginHangs() throws {
    var sockets: [Int32] = [-1, -1]
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &sockets) == 0)
    let library = try CLibrary.build("hostile.c", ["-DMISTAKE=CONSTRUCTOR_HANGS"])
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_adddup2(&actions, sockets[1], 0)
    posix_spawn_file_actions_addclose(&actions, sockets[0])
    posix_spawn_file_actions_addclose(&actions, sockets[1])
    var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("helper"), nil]
    var pid = pid_t()
    try #require(
      posix_spawn(&pid, BuiltLibraries.buildFolder + "/PluginHostForTests", &actions, nil, &arguments, environ) == 0)
    close(sockets[1])
    let header = Array(#"{"load":{"path":"\#(library)"}}"#.utf8)
    func number(_ value: Int) -> [UInt8] { [0, 0, UInt8(value >> 8), UInt8(value & 255)] }
    let message = number(4 + header.count) + number(header.count) + header
    #expect(write(sockets[0], message, message.count) == message.count)
    close(sockets[0])
    var status: Int32 = 0
    #expect(waitpid(pid, &status, 0) == pid && status == 0)
  }

  private func processes(named name: String) -> [String] {
    guard let folder = opendir("/proc") else { return [] }
    defer { closedir(folder) }
    var found: [String] = []
    while let entry = readdir(folder) {
      let number = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      let descriptor = open("/proc/\(number)/comm", O_RDONLY)
      guard descriptor >= 0 else { continue }
      var text = [UInt8](repeating: 0, count: 64)
      let count = read(descriptor, &text, text.count)
      close(descriptor)
      if String(decoding: text.prefix(max(0, count)), as: UTF8.self) == name + "\n" { found.append(number) }
    }
    return found
  }

  @Test func aHelperThatCannotBeStartedIsReported() throws {
    let library = try CLibrary.build("minimal.c")
    CLibrary.writeManifest(library, plugin: "acme")
    let registry = Registry(
      configuration: .init(
        folders: [.init(CLibrary.folder(of: library), .site)], helperCommand: ["/nonexistent/mitogen"]))
    let error = try failure(registry)
    #expect(error.item == "helper process" && error.found.contains("No such file"))
  }
}
