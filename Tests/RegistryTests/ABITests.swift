import Glibc
import Plans
import Registry
import Synchronization
import Testing

/// Libraries in C on the other side of the boundary, in the registry's own process.
@Suite struct ABITests {
  private func plan(_ library: String, _ method: String, _ options: String = "{}", probes: String? = nil) throws
    -> LaunchPlan
  {
    try CLibrary.registry(library).connectionMethod(named: method)
      .plan(optionsJSON: Array(options.utf8), probesJSON: probes.map { Array($0.utf8) })
  }

  private func generate(_ library: String) throws {
    try TemporaryFolder.write(Manifest.generate(library: library).json(), Manifest.path(forLibrary: library))
  }

  @Test func aMinimalLibraryInCServes() throws {
    let library = try CLibrary.build("minimal.c")
    try generate(library)
    let plan = try plan(library, "cell")
    #expect(plan.argv == [.literal("cell-enter"), .literal("blue"), .bootstrapWords])
    let method = try CLibrary.registry(library).connectionMethod(named: "cell")
    #expect(method.version == "1.2")
    #expect(method.options.map(\.name) == ["cell"])
    #expect(method.options[0].vars == ["ansible_host"])
  }

  /// It was written before `probes` and `instance` were, and does not name them.
  @Test func anOlderLibraryIsNotPassedWhatItDoesNotKnow() throws {
    let library = try CLibrary.build("minimal.c")
    try generate(library)
    #expect(try plan(library, "cell", "{}", probes: "[]").description == "cell blue")
  }

  @Test func aRefusalOfThePluginIsPassedOnInItsWords() throws {
    let library = try CLibrary.build("minimal.c")
    try generate(library)
    #expect(
      throws: PluginRefusal(code: "unreachable", message: "there is no cell", hint: "set ansible_host")
    ) { try plan(library, "cell", #"{"no":1}"#) }
  }

  @Test func aNewerLibraryWorksWithWhatBothSidesKnow() throws {
    let library = try CLibrary.build("newer.c")
    try generate(library)
    let lines = Mutex<[RegistryConfiguration.LogLine]>([])
    let registry = CLibrary.registry(library) { line in lines.withLock { $0.append(line) } }
    let method = try registry.connectionMethod(named: "later")
    #expect(method.changesAccount)
    let first = try method.plan(optionsJSON: Array("{}".utf8))
    #expect(
      first.argv
        == [.literal("later"), .literal("call 1"), .literal("no probes"), .literal("2"), .bootstrapShellCommand])
    let second = try method.plan(optionsJSON: Array("{}".utf8), probesJSON: Array("[]".utf8))
    #expect(second.argv[2] == .literal("probes"))
    #expect(lines.withLock { $0 }.first == .init(level: "info", library: "libAcme.so", text: "planning"))
    let dancer = try #require(registry.listing().first { $0.name == "dancer" })
    #expect(dancer.kind == .unknown("77"))
  }

  @Test func theSameOptionsAreAskedForOnce() throws {
    let library = try CLibrary.build("newer.c")
    try generate(library)
    let method = try CLibrary.registry(library).connectionMethod(named: "later")
    let first = try method.plan(optionsJSON: Array(#"{"a":1}"#.utf8))
    #expect(try method.plan(optionsJSON: Array(#"{"a":1}"#.utf8)) == first)
    #expect(try method.plan(optionsJSON: Array(#"{"a":2}"#.utf8)).argv[1] == .literal("call 2"))
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    var mistake: String
    var item: String
    var expected: String
    var found: String
    var testDescription: String { mistake }
    init(_ mistake: String, _ item: String, _ expected: String, _ found: String) {
      (self.mistake, self.item, self.expected, self.found) = (mistake, item, expected, found)
    }
  }

  @Test(arguments: [
    Refusal("WRONG_MAGIC", "magic", "0xa4e45474f54494d", "0x1234"),
    Refusal("OTHER_ABI", "ABI", "1.x", "2.0"),
    Refusal("SHORT_LIBRARY", "size of mitogen_library", "48 or more", "16"),
    Refusal("SHORT_PLUGIN", "size of mitogen_plugin", "40 or more", "8"),
    Refusal("SHORT_OPERATION", "size of mitogen_operation", "24 or more", "16"),
    Refusal("SHORT_ENTRY", "size of a plugin's entry", "40 or more", "8"),
    Refusal("NULL_TABLE", "mitogen_library_v1", "a table", "NULL"),
    Refusal("NO_PLUGINS", "number of plugins", "1 to 256", "0"),
    Refusal("BAD_NAME", "name of a plugin", "lower case letters", "../acme"),
    Refusal("NO_PLAN", "operation plan of acme", "id 100", "none"),
    Refusal("NULL_FUNCTION", "operation plan of acme", "a function", "NULL"),
    Refusal("UNKNOWN_REQUIRED", "operation plan of acme", "options, plugin, probes", "\"wallet\", which is required"),
    Refusal("BAD_SIGNATURE", "operation plan of acme", "i(instance,reply)", "a result of type \"int\""),
    Refusal("ENDLESS_OPERATIONS", "operations of acme", "at most 1024", "more"),
    Refusal("OPEN_FAILS", "operation open of acme", "result 0 or 1", "42"),
    Refusal("STRANGE_RESULT", "operation plan of acme", "result 0 or 1", "77"),
    Refusal("NOT_JSON", "launch plan of acme", "JSON", ""),
    Refusal("NO_BOOTSTRAP", "launch plan of acme: argv", "one bootstrap element", "0"),
    Refusal("TOO_MUCH", "operation plan of acme", "result 0 or 1", "1016"),
  ])
  func eachMistakeIsNamed(_ refusal: Refusal) throws {
    let library = try CLibrary.build("hostile.c", ["-DMISTAKE=\(refusal.mistake)"])
    CLibrary.writeManifest(library)
    let error = try #require(throws: RegistryError.self) { try plan(library, "acme") }
    #expect(error.file == library)
    #expect(error.item == refusal.item)
    #expect(error.expected.contains(refusal.expected))
    #expect(error.found.contains(refusal.found))
    #expect(!error.remedy.isEmpty)
    #expect(error.message.contains(library) && error.message.contains(refusal.item))
  }

  @Test func theControlOfTheMistakesIsRight() throws {
    let library = try CLibrary.build("hostile.c", ["-DMISTAKE=NONE"])
    CLibrary.writeManifest(library)
    #expect(try plan(library, "acme").argv == [.literal("x"), .bootstrapWords])
  }

  @Test func aRefusalWithoutAReasonIsStillARefusal() throws {
    let library = try CLibrary.build("hostile.c", ["-DMISTAKE=MUTE_REFUSAL"])
    CLibrary.writeManifest(library)
    let refusal = try #require(throws: PluginRefusal.self) { try plan(library, "acme") }
    #expect(refusal.message.contains("acme"))
  }

  @Test func anAnswerIsClosedWhenItsCallReturns() throws {
    let library = try CLibrary.build("hostile.c", ["-DMISTAKE=STALE_REPLY"])
    CLibrary.writeManifest(library)
    let lines = Mutex<[RegistryConfiguration.LogLine]>([])
    let registry = CLibrary.registry(library) { line in lines.withLock { $0.append(line) } }
    let method = try registry.connectionMethod(named: "acme")
    _ = try method.plan(optionsJSON: Array(#"{"call":1}"#.utf8))
    let second = try method.plan(optionsJSON: Array(#"{"call":2}"#.utf8))
    #expect(second.argv == [.literal("x"), .bootstrapWords])
    let line = try #require(lines.withLock { $0 }.first)
    #expect(line.level == "error" && line.library == "libAcme.so" && line.text.contains("after its call had returned"))
  }

  @Test func aLibraryWithoutTheEntryIsNotLoaded() throws {
    // Its constructor would end the tests.
    let library = try CLibrary.build("hostile.c", ["-DMISTAKE=CONSTRUCTOR_CRASHES", "-DENTRY=mitogen_library_v2"])
    CLibrary.writeManifest(library)
    let error = try #require(throws: RegistryError.self) { try plan(library, "acme") }
    #expect(error.item == "exported symbols" && error.expected == "mitogen_library_v1")
    #expect(error.found.contains("mitogen_library_v2"))
  }

  @Test func aHangInThisProcessFailsItsCallAndNoOther() throws {
    let library = try CLibrary.build("hostile.c", ["-DMISTAKE=HANG"])
    CLibrary.writeManifest(library)
    let registry = CLibrary.registry(library)
    let method = try registry.connectionMethod(named: "acme")
    let error = try #require(throws: RegistryError.self) {
      try method.plan(optionsJSON: Array("{}".utf8), deadline: .milliseconds(200))
    }
    #expect(error.item == "operation plan of acme" && error.expected == "an answer within 0.2 s")
    let again = try #require(throws: RegistryError.self) { try method.plan(optionsJSON: Array("{}".utf8)) }
    #expect(again == error)
    #expect(registry.listing().first?.state == .quarantined)
  }
}
