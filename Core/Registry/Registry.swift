import Plans
import Synchronization

/// The plugins of one router: found by their manifests, opened when first needed, called through one C boundary.
///
/// The search path is read once, at the first question; what changes in the folders afterwards is not seen. Every
/// function may be called on any thread, and may block: never call one on an event loop.
public final class Registry: Sendable {
  public let configuration: RegistryConfiguration

  private struct State {
    var catalogue: Catalogue?
    var methods: [String: ConnectionMethod] = [:]
    var runners: [RunnerPlugin]?

    mutating func read(_ configuration: RegistryConfiguration) -> Catalogue {
      if let catalogue { return catalogue }
      let read = Catalogue(configuration)
      catalogue = read
      return read
    }
  }
  private let state = Mutex(State())

  public init(configuration: RegistryConfiguration) {
    self.configuration = configuration
  }

  /// The connection method of this name or alias. Its library is not opened by this.
  public func connectionMethod(named name: String) throws -> ConnectionMethod {
    try state.withLock { state in
      if let method = state.methods[name] { return method }
      let catalogue = state.read(configuration)
      guard let entry = catalogue.entry(.connectionMethod, named: name) else { throw unknown(name, catalogue) }
      let method = state.methods[entry.plugin.name] ?? ConnectionMethod(entry.plugin, entry.library)
      state.methods[entry.plugin.name] = method
      state.methods[name] = method
      return method
    }
  }

  /// All runners that are not shadowed, in the order in which they are asked.
  public func runners() throws -> [RunnerPlugin] {
    state.withLock { state in
      if let runners = state.runners { return runners }
      let runners = state.read(configuration).entries
        .filter { $0.plugin.kind == .moduleRunner && $0.shadowedBy == nil }
        .map { RunnerPlugin($0.plugin, $0.library) }
        .sorted { ($0.precedence, $0.name) < ($1.precedence, $1.name) }
      state.runners = runners
      return runners
    }
  }

  /// All that the search path holds: usable, shadowed and refused.
  public func listing() -> [PluginListing] {
    let catalogue = state.withLock { $0.read(configuration) }
    return catalogue.entries.map { PluginListing($0) } + catalogue.refused.map { PluginListing(refused: $0) }
  }

  /// The connection methods that a route may name.
  public func connectionMethods() -> [PluginListing] {
    listing().filter { $0.kind == .connectionMethod && [.available, .loaded].contains($0.state) }
  }

  /// Why a name leads where it does: the folders that were looked at, what was found in them, what was refused.
  public func explain(_ name: String) -> [String] {
    let catalogue = state.withLock { $0.read(configuration) }
    var lines: [String] = []
    var isThere = false
    for folder in configuration.folders {
      lines.append("looked in \(folder.path) (\(folder.origin.rawValue))")
      let prefix = folder.path + "/"
      for entry in catalogue.entries where entry.library.path.hasPrefix(prefix) {
        let listing = PluginListing(entry)
        guard listing.name == name || listing.declaration.aliases.contains(name) else { continue }
        isThere = true
        var line = "  \(listing.kind.name) \(listing.name) \(listing.version): \(listing.state.rawValue), \(listing.file)"
        if let other = listing.shadowedBy { line += ", since \(other) comes first" }
        if let problem = listing.problem { line += ": \(problem)" }
        lines.append(line)
      }
      for error in catalogue.refused where error.file == folder.path || error.file.hasPrefix(prefix) {
        lines.append("  refused: \(error)")
      }
    }
    if !isThere { lines.append("no \"\(name)\" is there: install its library, or name its folder in MITOGEN_PLUGIN_PATH") }
    return lines
  }

  private func unknown(_ name: String, _ catalogue: Catalogue) -> RegistryError {
    let known = catalogue.entries.filter { $0.plugin.kind == .connectionMethod && $0.shadowedBy == nil }.map(\.plugin.name)
    return RegistryError(
      file: configuration.folders.map(\.path).joined(separator: ":"), item: "connection method",
      expected: known.isEmpty ? "a plugin" : "one of \(known.sorted().joined(separator: ", "))", found: "\"\(name)\"",
      remedy: catalogue.refused.isEmpty
        ? "install its library, or name its folder in MITOGEN_PLUGIN_PATH"
        : "something was refused; see mitogen plugins why \(name)")
  }
}
