import PluginABI
import Plans

/// Where a library's code runs. Both rooms block the caller for at most the deadline; after a failure that is not
/// the plugin's own answer (`RegistryError.isFatal`-like), the library is not called again.
protocol LibraryRoom: Sendable {
  /// Loads the library and says what is in it.
  func load(within deadline: Duration) throws -> LibraryContents
  func call(_ plugin: String, _ operation: Int, _ arguments: [CallArgument], within deadline: Duration) throws -> [UInt8]
}

/// What a library's table says: what its manifest is checked against.
package struct LibraryContents: Codable, Equatable, Sendable {
  package struct Plugin: Codable, Equatable, Sendable {
    package var name: String
    package var kind: Manifest.Kind
    package var version: String
    package var features: [String]
  }

  package var version: String
  package var abi: String
  package var plugins: [Plugin]
  /// What of it this host does not know, in words.
  package var leftAside: [String]

  /// A manifest that says something else than its library is out of date, or not its own.
  func difference(from manifest: Manifest, of path: String) -> RegistryError? {
    let said = manifest.plugins.map { Plugin(name: $0.name, kind: $0.kind, version: $0.version, features: $0.features) }
    guard said != plugins else { return nil }
    func text(_ plugins: [Plugin]) -> String {
      plugins.map { "\($0.kind.name) \($0.name) \($0.version) [\($0.features.joined(separator: " "))]" }
        .joined(separator: ", ")
    }
    return RegistryError(
      file: path, item: "manifest", expected: text(said), found: text(plugins),
      remedy: "generate it again: mitogen plugins manifest \(path)")
  }
}

extension LoadedLibrary {
  var contents: LibraryContents {
    .init(
      version: version, abi: abi,
      plugins: plugins.map {
        .init(name: $0.name, kind: kindOfManifest($0.kind), version: $0.version, features: $0.features)
      }, leftAside: leftAside)
  }

  private func kindOfManifest(_ kind: Int) -> Manifest.Kind {
    switch kind {
    case MITOGEN_CONNECTION_METHOD: .connectionMethod
    case MITOGEN_MODULE_RUNNER: .moduleRunner
    default: .unknown("\(kind)")
    }
  }
}

/// The library hung or ended its process: it is not called again.
struct LibraryLost: Error {
  var error: RegistryError
}

/// In this process, on a thread of the library's own.
///
/// `@unchecked Sendable`: `library` is touched on that thread only.
final class OwnRoom: LibraryRoom, @unchecked Sendable {
  private let path: String
  private let thread = PluginThread()
  private let log: @Sendable (RegistryConfiguration.LogLine) -> Void
  private var library: LoadedLibrary?

  init(path: String, log: @escaping @Sendable (RegistryConfiguration.LogLine) -> Void) {
    self.path = path
    self.log = log
  }

  deinit { thread.end() }

  func load(within deadline: Duration) throws -> LibraryContents {
    try run("loading", within: deadline) { room in
      let library = try LoadedLibrary(path: room.path, log: room.log)
      room.library = library
      return library.contents
    }
  }

  func call(_ plugin: String, _ operation: Int, _ arguments: [CallArgument], within deadline: Duration) throws -> [UInt8] {
    try run("operation \(OperationForm.name(of: operation)) of \(plugin)", within: deadline) { room in
      guard let library = room.library else {
        throw RegistryError(
          file: room.path, item: "library", expected: "to be loaded", found: "not loaded",
          remedy: "this is a fault of mitogen")
      }
      return try library.plugin(named: plugin).call(operation, arguments)
    }
  }

  private func run<Value: Sendable>(
    _ what: String, within deadline: Duration, _ body: @escaping @Sendable (OwnRoom) throws -> Value
  ) throws -> Value {
    do {
      return try thread.run(within: deadline) { try body(self) }
    } catch is PluginThread.Overdue {
      throw LibraryLost(error: .overdue(path, what, deadline))
    }
  }
}

extension RegistryError {
  static func overdue(_ file: String, _ what: String, _ deadline: Duration) -> RegistryError {
    let seconds = Double(deadline.components.seconds) + Double(deadline.components.attoseconds) / 1e18
    return RegistryError(
      file: file, item: what, expected: "an answer within \(seconds) s", found: "none",
      remedy: "the library is not called again in this run; report it to its author")
  }
}
