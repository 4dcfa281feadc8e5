public import Plans

/// One line of `mitogen plugins list`, and with its declaration what `mitogen plugins show NAME --json` prints.
public struct PluginListing: Codable, Equatable, Sendable {
  public enum State: String, Codable, Sendable {
    case available, loaded, quarantined
    /// A library further ahead in the search path has one of that name.
    case shadowed
    /// A folder, manifest or library that cannot be used; it has no plugin's name.
    case refused
  }

  public var name: String
  public var kind: Manifest.Kind
  public var version: String
  public var file: String
  public var origin: RegistryConfiguration.Origin?
  public var state: State
  /// Whether it runs in a helper process.
  public var isolated: Bool
  public var features: [String]
  public var declaration: PluginDeclaration
  /// Why it is not available.
  public var problem: RegistryError?
  /// The file that is used in its stead.
  public var shadowedBy: String?

  init(_ entry: Catalogue.Entry) {
    let condition = entry.library.condition
    name = entry.plugin.name
    kind = entry.plugin.kind
    version = entry.plugin.version
    file = entry.library.path
    origin = entry.library.origin
    state = entry.shadowedBy == nil ? State(rawValue: condition.state) ?? .available : .shadowed
    isolated = entry.library.isIsolated
    features = entry.plugin.features
    declaration = entry.plugin.declaration
    problem = condition.problem
    shadowedBy = entry.shadowedBy
  }

  init(refused error: RegistryError) {
    name = ""
    kind = .unknown("")
    version = ""
    file = error.file
    origin = nil
    state = .refused
    isolated = false
    features = []
    declaration = PluginDeclaration(description: "")
    problem = error
    shadowedBy = nil
  }

  /// An array of objects, keys sorted: for `--json`, and for clients of the router.
  public static func json(_ listings: [PluginListing], indented: Bool = true) throws -> [UInt8] {
    try RegistryJSON.encode(listings, pretty: indented)
  }
}
