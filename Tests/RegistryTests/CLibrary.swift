import Glibc
import Plans
import Registry

/// Libraries compiled from `Tests/PluginABI` by the C compiler of the system, as a stranger would.
enum CLibrary {
  static let sources = folder(of: folder(of: #filePath))

  /// Compiles into a new folder; returns the library's path.
  static func build(_ source: String, _ flags: [String] = [], name: String = "libAcme.so") throws -> String {
    let library = TemporaryFolder.make() + "/" + name
    let command =
      ["cc", "-std=c11", "-Wall", "-Werror", "-shared", "-fPIC", "-O1", "-I", sources + "/../Core/PluginABI/include"]
      + flags + ["-o", library, sources + "/PluginABI/" + source]
    let status = try run(command)
    guard status == 0 else { throw BuildFailed(command: command.joined(separator: " "), status: status) }
    return library
  }

  struct BuildFailed: Error {
    var command: String
    var status: Int32
  }

  static func run(_ command: [String]) throws -> Int32 {
    var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var pid = pid_t()
    let error = posix_spawnp(&pid, command[0], nil, nil, &arguments, environ)
    guard error == 0 else { throw BuildFailed(command: command[0], status: error) }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return status
  }

  /// A manifest that was written by hand for a library that must not be loaded to make one.
  static func writeManifest(_ library: String, plugin: String = "acme", version: String = "1") {
    let name = library.split(separator: "/").last!
    TemporaryFolder.write(
      Array(
        """
        {"mitogen_manifest":1,"library":"\(name)","version":"\(version)","abi":"1.0","plugins":[
          {"name":"\(plugin)","kind":"connection","version":"\(version)","features":[],
           "declaration":{"description":"","options":[]}}]}
        """.utf8), Manifest.path(forLibrary: library))
  }

  static func folder(of library: String) -> String { String(library[..<library.lastIndex(of: "/")!]) }

  /// A registry that looks into the library's folder only.
  static func registry(
    _ library: String, isolation: RegistryConfiguration.Isolation = .none, loadDeadline: Duration = .seconds(5),
    log: @escaping @Sendable (RegistryConfiguration.LogLine) -> Void = { _ in }
  ) -> Registry {
    Registry(
      configuration: .init(
        folders: [.init(folder(of: library), .environment)], isolation: isolation, loadDeadline: loadDeadline,
        helperCommand: BuiltLibraries.helperCommand, log: log))
  }
}

