/// What stands beside a library as `NAME.manifest.json`: all that the router must know of its plugins without
/// opening it. Generated from the library, and checked against it when the library is opened.
public struct Manifest: Codable, Equatable, Sendable {
  /// The form of the file; a higher one is refused.
  public static let currentForm = 1
  public static let suffix = ".manifest.json"

  public var form: Int
  /// The library's file name, in the same folder.
  public var library: String
  public var version: String
  /// `MAJOR.MINOR` of the plugin ABI that it was built for.
  public var abi: String
  public var plugins: [Plugin]

  public struct Plugin: Codable, Equatable, Sendable {
    public var name: String
    public var kind: Kind
    public var version: String
    public var features: [String]
    public var declaration: PluginDeclaration

    public init(
      name: String, kind: Kind, version: String, features: [String], declaration: PluginDeclaration
    ) {
      self.name = name
      self.kind = kind
      self.version = version
      self.features = features
      self.declaration = declaration
    }
  }

  /// A kind that this version does not know keeps its text: it is listed and left aside.
  public enum Kind: Equatable, Sendable, Codable {
    case connectionMethod
    case moduleRunner
    case unknown(String)

    public var name: String {
      switch self {
      case .connectionMethod: "connection"
      case .moduleRunner: "runner"
      case .unknown(let name): name
      }
    }

    public init(name: String) {
      switch name {
      case "connection": self = .connectionMethod
      case "runner": self = .moduleRunner
      default: self = .unknown(name)
      }
    }

    public init(from decoder: any Decoder) throws {
      self.init(name: try decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
      var c = encoder.singleValueContainer()
      try c.encode(name)
    }
  }

  /// Lower case letters, digits, `_`, `-` and dots, a letter first, at most 64.
  public static func isPluginName(_ name: String) -> Bool {
    guard (1...64).contains(name.utf8.count), let first = name.utf8.first,
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first)
    else { return false }
    return name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"),
        UInt8(ascii: "-"), UInt8(ascii: "."):
        true
      default: false
      }
    }
  }

  private enum CodingKeys: String, CodingKey {
    case form = "mitogen_manifest"
    case library, version, abi, plugins
  }

  public init(library: String, version: String, abi: String, plugins: [Plugin]) {
    self.form = Self.currentForm
    self.library = library
    self.version = version
    self.abi = abi
    self.plugins = plugins
  }
}

/// What a plugin says of itself beyond the table in its library: the answer to the operation *describe*.
public struct PluginDeclaration: Codable, Equatable, Sendable {
  public var description: String
  public var options: [OptionDeclaration]
  /// Of a connection method: further names that select it (Ansible's FQCNs).
  public var aliases: [String]
  /// Of a runner: the order in which runners are asked, lowest first.
  public var precedence: Int?

  public init(
    description: String, options: [OptionDeclaration] = [], aliases: [String] = [], precedence: Int? = nil
  ) {
    self.description = description
    self.options = options
    self.aliases = aliases
    self.precedence = precedence
  }

  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    description = try c.decodeIfPresent(String.self, forKey: .description) ?? ""
    options = try c.decodeIfPresent([OptionDeclaration].self, forKey: .options) ?? []
    aliases = try c.decodeIfPresent([String].self, forKey: .aliases) ?? []
    precedence = try c.decodeIfPresent(Int.self, forKey: .precedence)
  }
}
