@_exported public import PluginABI

#if canImport(Glibc)
  import Glibc
#endif

/// A library's plugins as the C tables that the router reads.
///
/// One is made for each library and lives as long as the process. A library's whole C boundary is
///
///     private let library = PluginLibrary(version: "1.0", AcmeConnection())
///
///     @c @implementation public func mitogen_library_v1() -> UnsafePointer<mitogen_library>? { library.table }
///
/// It is `@unchecked Sendable` since the tables are written by `init` only and never freed.
public struct PluginLibrary: @unchecked Sendable {
  public let table: UnsafePointer<mitogen_library>

  public init(version: String, _ plugins: any Plugin...) {
    let version = immortal(version)
    let entries = UnsafeMutablePointer<mitogen_plugin>.allocate(capacity: plugins.count)
    for (index, plugin) in plugins.enumerated() {
      let type = Swift.type(of: plugin)
      let features = (type as? any ConnectionPlugin.Type)?.changesAccount == true ? "become" : ""
      entries[index] = mitogen_plugin(
        size: UInt32(MemoryLayout<mitogen_plugin>.size),
        kind: UInt32(plugin is any ModuleRunner ? MITOGEN_MODULE_RUNNER : MITOGEN_CONNECTION_METHOD),
        name: immortal(type.name), version: version, features: immortal(features),
        operations: operations(of: plugin))
    }
    let library = UnsafeMutablePointer<mitogen_library>.allocate(capacity: 1)
    library.pointee = mitogen_library(
      magic: MITOGEN_MAGIC, size: UInt32(MemoryLayout<mitogen_library>.size),
      plugin_size: UInt32(MemoryLayout<mitogen_plugin>.stride),
      operation_size: UInt32(MemoryLayout<mitogen_operation>.stride),
      abi_major: UInt16(MITOGEN_ABI_MAJOR), abi_minor: UInt16(MITOGEN_ABI_MINOR), version: version,
      plugins: UnsafePointer(entries), plugin_count: UInt32(plugins.count), reserved: 0)
    table = UnsafePointer(library)
    installed = Installed(entries: UnsafePointer(entries), plugins: plugins)
  }
}

/// What `open` finds its plugin in: one library for each image, since PluginKit is linked into each.
private struct Installed {
  var entries: UnsafePointer<mitogen_plugin>
  var plugins: [any Plugin]
}
/// Written once, while the router asks for the table, before any operation can be called.
private nonisolated(unsafe) var installed: Installed?

private func immortal(_ text: String) -> UnsafePointer<CChar> {
  UnsafePointer(strdup(text))
}

extension PluginLibrary {
  /// The plugin that an entry of the table stands for.
  static func plugin(at entry: UnsafeRawPointer) -> (any Plugin)? {
    guard let installed else { return nil }
    let index = (entry - UnsafeRawPointer(installed.entries)) / MemoryLayout<mitogen_plugin>.stride
    return installed.plugins.indices.contains(index) ? installed.plugins[index] : nil
  }
}
