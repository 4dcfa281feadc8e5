import Plans

#if canImport(Glibc)
  import Glibc
#endif

/// What the search path holds, read from manifests only: no library is opened.
struct Catalogue: Sendable {
  typealias Folder = RegistryConfiguration.Folder

  /// One plugin of one manifest.
  struct Entry: Sendable {
    var plugin: Manifest.Plugin
    var library: Library
    /// Another library further ahead in the search path has a plugin of that kind and name.
    var shadowedBy: String?
  }

  private(set) var entries: [Entry] = []
  /// Folders, manifests and libraries that cannot be used, and why.
  private(set) var refused: [RegistryError] = []

  /// Manifests are small; what is larger is something else.
  private static let manifestLimit = 1 << 20

  init(_ configuration: RegistryConfiguration) {
    for folder in configuration.folders {
      do throws(RegistryError) {
        try read(folder, configuration)
      } catch {
        refused.append(error)
      }
    }
  }

  private mutating func read(_ folder: Folder, _ configuration: RegistryConfiguration) throws(RegistryError) {
    // Whoever can write above the installation can replace the executable itself: nothing is won by asking there.
    try Trust.checkFolder(folder.path, ancestors: folder.origin != .installation)
    let names: [String]
    do {
      names = try FileSystem.names(in: folder.path)
    } catch {
      throw RegistryError(
        file: folder.path, item: "folder", expected: "a folder that can be read", found: "\(error)",
        remedy: "chmod it, or take it out of the search path")
    }
    for name in names where name.hasSuffix(Manifest.suffix) {
      do throws(RegistryError) {
        try add(folder.path + "/" + name, folder, configuration)
      } catch {
        refused.append(error)
      }
    }
    // The installation's folder holds other libraries too, such as Swift's own.
    guard folder.origin != .installation else { return }
    for name in names where name.hasPrefix("lib") && name.hasSuffix(".so") {
      let manifest = String(name.dropLast(3)) + Manifest.suffix
      guard !names.contains(manifest) else { continue }
      refused.append(
        RegistryError(
          file: folder.path + "/" + name, item: "manifest", expected: manifest, found: "no such file",
          remedy: "generate it: mitogen plugins manifest \(name)"))
    }
  }

  private mutating func add(_ path: String, _ folder: Folder, _ configuration: RegistryConfiguration)
    throws(RegistryError)
  {
    let manifest = try Self.manifest(path)
    let library = Library(
      path: folder.path + "/" + manifest.library, manifest: manifest, origin: folder.origin, configuration)
    for plugin in manifest.plugins {
      let other = entries.first {
        $0.shadowedBy == nil && $0.plugin.name == plugin.name && $0.plugin.kind == plugin.kind
      }
      entries.append(Entry(plugin: plugin, library: library, shadowedBy: other?.library.path))
    }
  }

  static func manifest(_ path: String) throws(RegistryError) -> Manifest {
    let again = "generate it again: mitogen plugins manifest FILE"
    let manifest: Manifest
    do {
      let descriptor = try FileSystem.open(path)
      defer { close(descriptor) }
      var status = stat()
      fstat(descriptor, &status)
      try Trust.check(path, status, what: "manifest")
      let bytes = try FileSystem.read(descriptor, at: 0, limit: min(Int(status.st_size), manifestLimit) + 1)
      guard bytes.count <= manifestLimit else {
        throw RegistryError(
          file: path, item: "size", expected: "at most \(manifestLimit) bytes", found: "more", remedy: again)
      }
      manifest = try RegistryJSON.decode(Manifest.self, bytes)
    } catch let error as RegistryError {
      throw error
    } catch let error as SystemError {
      throw RegistryError(
        file: path, item: "manifest", expected: "a file that can be read", found: "\(error)", remedy: again)
    } catch {
      throw RegistryError(
        file: path, item: "manifest", expected: "JSON as mitogen writes it", found: RegistryJSON.explanation(error),
        remedy: again)
    }
    guard manifest.form <= Manifest.currentForm else {
      throw RegistryError(
        file: path, item: "form of the manifest", expected: "at most \(Manifest.currentForm)",
        found: "\(manifest.form)", remedy: "install a newer mitogen")
    }
    // A manifest speaks for the file beside it, and for no other.
    guard !manifest.library.isEmpty, !manifest.library.contains("/") else {
      throw RegistryError(
        file: path, item: "library", expected: "the name of a file beside it", found: "\"\(manifest.library)\"",
        remedy: again)
    }
    for plugin in manifest.plugins where !Manifest.isPluginName(plugin.name) {
      throw RegistryError(
        file: path, item: "name of a plugin", expected: "lower case letters, digits, _ - and dots, at most 64",
        found: "\"\(plugin.name)\"", remedy: "rename it")
    }
    return manifest
  }

  /// By name first, then by alias, in the order of the search path.
  func entry(_ kind: Manifest.Kind, named name: String) -> Entry? {
    let usable = entries.filter { $0.plugin.kind == kind && $0.shadowedBy == nil }
    return usable.first { $0.plugin.name == name }
      ?? usable.first { $0.plugin.declaration.aliases.contains(name) }
  }
}
