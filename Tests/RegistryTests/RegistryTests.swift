import Glibc
import Plans
import Registry
import Synchronization
import Testing

/// The search path: what is found, what is refused, and which of two is used.
@Suite struct RegistryTests {
  private func control(_ flags: [String] = []) throws -> String {
    let library = try CLibrary.build("hostile.c", ["-DMISTAKE=NONE"] + flags)
    CLibrary.writeManifest(library)
    return library
  }

  private func problem(_ library: String) throws -> RegistryError {
    try #require(CLibrary.registry(library).listing().first { $0.state == .refused }?.problem)
  }

  private func planError(_ library: String) throws -> RegistryError {
    try #require(throws: RegistryError.self) {
      try CLibrary.registry(library).connectionMethod(named: "acme").plan(optionsJSON: Array("{}".utf8))
    }
  }

  @Test func theLibrariesOfThisBuildAreListedWithTheirOptions() throws {
    let listing = BuiltLibraries.registry.listing()
    #expect(Set(listing.map(\.name)) == BuiltLibraries.connectionMethods.union(BuiltLibraries.runners))
    #expect(listing.count == BuiltLibraries.connectionMethods.count + BuiltLibraries.runners.count)
    let ssh = try #require(listing.first { $0.name == "ssh" })
    #expect(ssh.kind == .connectionMethod && ssh.origin == .installation && !ssh.isolated)
    let port = try #require(ssh.declaration.options.first { $0.name == "port" })
    #expect(port.type == .int && port.vars == ["ansible_port", "ansible_ssh_port"] && port.env == ["ANSIBLE_REMOTE_PORT"])
    #expect(port.ini == [.init(section: "defaults", key: "remote_port")])
    #expect(ssh.declaration.options.filter(\.secret).map(\.name) == ["password", "private_key", "private_key_passphrase"])
    #expect(try String(decoding: PluginListing.json(listing), as: UTF8.self).contains("mitogen_ssh_debug_level"))
  }

  @Test func nothingIsLoadedBeforeItIsNeeded() throws {
    let registry = CLibrary.registry(try control())
    let method = try registry.connectionMethod(named: "acme")
    #expect(registry.listing().first?.state == .available)
    _ = try method.plan(optionsJSON: Array("{}".utf8))
    #expect(registry.listing().first?.state == .loaded)
  }

  @Test func aMethodIsFoundByItsAliases() throws {
    #expect(try BuiltLibraries.registry.connectionMethod(named: "ansible.builtin.sudo").name == "sudo")
  }

  @Test func anUnknownMethodIsAnsweredWithThoseThereAre() throws {
    let error = try #require(throws: RegistryError.self) { try BuiltLibraries.registry.connectionMethod(named: "shs") }
    #expect(error.expected == "one of \(BuiltLibraries.connectionMethods.sorted().joined(separator: ", "))" && error.found == "\"shs\"")
  }

  @Test func theFirstFolderWins() throws {
    let first = try control()
    let second = try control()
    let registry = Registry(
      configuration: .init(folders: [.init(CLibrary.folder(of: first), .option), .init(CLibrary.folder(of: second), .site)]))
    #expect(registry.listing().map(\.state) == [.available, .shadowed])
    #expect(registry.listing()[1].shadowedBy == first)
    #expect(registry.explain("acme").contains { $0.contains("since \(first) comes first") })
    #expect(registry.explain("acme").allSatisfy { !$0.contains("is there") })
    #expect(registry.explain("acne").last == "no \"acne\" is there: install its library, or name its folder in MITOGEN_PLUGIN_PATH")
  }

  @Test func aFolderThatOthersMayWriteIsRefused() throws {
    let library = try control()
    let folder = CLibrary.folder(of: library)
    chmod(folder, 0o777)
    let error = try problem(library)
    #expect(error.file == folder && error.item == "permissions of the folder" && error.expected == "not writable by others")
    #expect(error.found == "mode 777, writable by everybody" && error.remedy.contains("chmod go-w"))
    #expect(throws: RegistryError.self) { try CLibrary.registry(library).connectionMethod(named: "acme") }
  }

  @Test func aFolderBelowOneThatOthersMayWriteIsRefused() throws {
    let outer = TemporaryFolder.make()
    mkdir(outer + "/inner", 0o755)
    chmod(outer, 0o777)
    let registry = Registry(configuration: .init(folders: [.init(outer + "/inner", .environment)]))
    #expect(registry.listing().first?.problem?.file == outer)
    // In a sticky folder such as /tmp only the owner may rename.
    chmod(outer, 0o1777)
    #expect(Registry(configuration: .init(folders: [.init(outer + "/inner", .environment)])).listing().isEmpty)
  }

  @Test func aLibraryThatOthersMayWriteIsRefused() throws {
    let library = try control()
    chmod(library, 0o757)
    let error = try planError(library)
    #expect(error.file == library && error.item == "permissions of the library" && error.found.contains("everybody"))
  }

  @Test func aManifestThatOthersMayWriteIsRefused() throws {
    let library = try control()
    chmod(Manifest.path(forLibrary: library), 0o666)
    #expect(try problem(library).item == "permissions of the manifest")
  }

  @Test(.enabled(if: geteuid() == 0, "only root can give files away")) func aLibraryOfAnotherUserIsRefused() throws {
    let library = try control()
    chown(library, 12345, 0)
    let error = try planError(library)
    #expect(error.item == "owner of the library" && error.found == "user 12345")
  }

  @Test func aGroupThatHoldsOthersMayNotWrite() throws {
    let library = try control()
    chown(library, geteuid(), 12345)
    chmod(library, 0o775)
    #expect(try planError(library).found == "mode 775, writable by group 12345")
  }

  @Test func aManifestThatIsNotItsLibrarysIsRefused() throws {
    let library = try control()
    CLibrary.writeManifest(library, version: "0.9")
    let error = try planError(library)
    #expect(error.item == "manifest" && error.expected == "connection acme 0.9 []" && error.found == "connection acme 1 []")
    #expect(error.remedy.contains("mitogen plugins manifest"))
  }

  @Test(arguments: [
    ("{", "manifest", ""), ("{\"mitogen_manifest\":1}", "manifest", "no \"library\""),
    (#"{"mitogen_manifest":9,"library":"x.so","version":"1","abi":"1.0","plugins":[]}"#, "form of the manifest", "9"),
    (#"{"mitogen_manifest":1,"library":"../x.so","version":"1","abi":"1.0","plugins":[]}"#, "library", "\"../x.so\""),
    (#"{"mitogen_manifest":1,"library":"x.so","version":"1","abi":"1.0","plugins":[{"name":"a","kind":1}]}"#, "manifest", "plugins.0.kind"),
  ])
  func aManifestThatCannotBeReadIsRefused(_ text: String, _ item: String, _ found: String) throws {
    let library = try control()
    TemporaryFolder.write(Array(text.utf8), Manifest.path(forLibrary: library))
    let error = try problem(library)
    #expect(error.file == Manifest.path(forLibrary: library) && error.item == item && error.found.contains(found))
  }

  @Test func aLibraryWithoutAManifestIsNamed() throws {
    let library = try CLibrary.build("minimal.c")
    let error = try problem(library)
    #expect(error.file == library && error.item == "manifest" && error.found == "no such file")
  }

  @Test func aFolderThatIsNotThereIsNamed() throws {
    let registry = Registry(configuration: .init(folders: [.init("/nonexistent/plugins", .environment)]))
    #expect(registry.listing().first?.problem?.file == "/nonexistent/plugins")
  }

  @Test(arguments: [
    (Array("#!/bin/sh\necho".utf8), "another kind of file"), ([], "another kind of file"),
    ([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1] + [UInt8](repeating: 0, count: 80), "a 32-bit file"),
    ([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 80), "no section table"),
  ])
  func aFileThatIsNoSharedObjectIsNotLoaded(_ bytes: [UInt8], _ found: String) throws {
    let library = try control()
    unlink(library)
    TemporaryFolder.write(bytes, library)
    let error = try planError(library)
    #expect(error.item == "ELF file" && error.expected == "a 64-bit shared object" && error.found == found)
  }

  @Test func aLibraryThatLacksASymbolSaysWhich() throws {
    let folder = TemporaryFolder.make()
    let source = folder + "/lacking.c"
    TemporaryFolder.write(
      Array("extern int acme_engine(void); int mitogen_library_v1(void) { return acme_engine(); }".utf8), source)
    let library = folder + "/libAcme.so"
    #expect(try CLibrary.run(["cc", "-shared", "-fPIC", "-o", library, source]) == 0)
    CLibrary.writeManifest(library)
    let error = try planError(library)
    #expect(error.item == "loading" && error.found.contains("acme_engine"))
  }

  @Test func theStandardSearchPathIsInOrder() {
    let configuration = RegistryConfiguration.standard(
      pluginFolders: ["/a"],
      environment: ["MITOGEN_PLUGIN_PATH": "/b:/c", "MITOGEN_PLUGIN_SITE": "/", "MITOGEN_PLUGIN_ISOLATION": "process"],
      executable: "/opt/mitogen/bin/mitogen")
    #expect(configuration.folders.map(\.path) == ["/a", "/b", "/c", "/", "/opt/mitogen/bin"])
    #expect(configuration.folders.map(\.origin) == [.option, .environment, .environment, .site, .installation])
    #expect(configuration.isolation == .process)
  }

  @Test func anIsolationThatIsNotKnownIsReported() {
    let lines = Mutex<[RegistryConfiguration.LogLine]>([])
    let configuration = RegistryConfiguration.standard(environment: ["MITOGEN_PLUGIN_ISOLATION": "nome"]) { line in
      lines.withLock { $0.append(line) }
    }
    #expect(configuration.isolation == .automatic)
    #expect(lines.withLock { $0 }.first?.text.contains("\"nome\"") == true)
  }

  /// Many threads at once ask for plans of one library and of several.
  @Test func plansAreMadeOnManyThreadsAtOnce() async throws {
    let registry = BuiltLibraries.registry
    try await withThrowingTaskGroup(of: String.self) { group in
      for number in 0..<200 {
        group.addTask {
          let method = try registry.connectionMethod(named: number.isMultiple(of: 2) ? "ssh" : "sudo")
          return try method.plan(optionsJSON: Array(#"{"name":"web\#(number)","host":"h"}"#.utf8)).description
        }
      }
      var found: Set<String> = []
      for try await description in group { found.insert(description) }
      #expect(found.count == 200)
    }
  }
}
