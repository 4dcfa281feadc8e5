import PluginABI
public import Plans

extension Manifest {
  /// The manifest of a library, asked of the library itself, which is loaded into this process for it.
  public static func generate(
    library path: String, deadline: Duration = .seconds(10),
    log: @escaping @Sendable (RegistryConfiguration.LogLine) -> Void = { _ in }
  ) throws -> Manifest {
    let room = OwnRoom(path: path, log: log)
    do {
      let contents = try room.load(within: deadline)
      let plugins = try contents.plugins.map { plugin in
        var declaration = PluginDeclaration(description: "")
        if case .unknown = plugin.kind {} else {
          let answer = try room.call(plugin.name, MITOGEN_DESCRIBE, [], within: deadline)
          do {
            declaration = try RegistryJSON.decode(PluginDeclaration.self, answer)
          } catch {
            throw RegistryError(
              file: path, item: "operation describe of \(plugin.name)", expected: "JSON as mitogen_plugin.h says",
              found: RegistryJSON.explanation(error), remedy: "correct what the plugin declares")
          }
        }
        return Plugin(
          name: plugin.name, kind: plugin.kind, version: plugin.version, features: plugin.features,
          declaration: declaration)
      }
      return Manifest(
        library: FileSystem.name(of: path), version: contents.version, abi: contents.abi, plugins: plugins)
    } catch let lost as LibraryLost {
      throw lost.error
    }
  }

  /// As it stands in the file.
  public func json() throws -> [UInt8] {
    try RegistryJSON.encode(self, pretty: true) + Array("\n".utf8)
  }

  /// Where the manifest of a library belongs.
  public static func path(forLibrary path: String) -> String {
    (path.hasSuffix(".so") ? String(path.dropLast(3)) : path) + suffix
  }
}
