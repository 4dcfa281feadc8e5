/// One option of a plugin, as data: what it is, and what in Ansible's world sets it.
///
/// Ansible's own config manager resolves it, from a definition generated out of this; where Ansible itself has a
/// plugin of that name (ssh, local, sudo), Ansible's definition resolves the options that both know, and only
/// the others are taken from here.
public struct OptionDeclaration: Codable, Equatable, Sendable {
  public enum Kind: String, Codable, Sendable {
    case string, int, float, bool, list
    /// Names and texts; a `null` is allowed as a value.
    case dictionary
  }

  /// One key of an ini file.
  public struct IniKey: Codable, Equatable, Sendable {
    public var section: String
    public var key: String
    public init(section: String, key: String) {
      self.section = section
      self.key = key
    }
  }

  public var name: String
  public var type: Kind
  /// `nil`: not set unless somebody sets it.
  public var `default`: OptionValue?
  /// A secret never reaches the plugin: it is told `has_NAME` and names the slot in its plan.
  public var secret: Bool
  public var description: String
  /// Ansible variables. Of those that are set the **last** wins, as Ansible has it.
  public var vars: [String]
  /// As with `vars`, the last wins.
  public var ini: [IniKey]
  /// Environment variables; the last wins.
  public var env: [String]
  /// Other names under which a request may bring it.
  public var aliases: [String]

  public init(
    name: String, type: Kind, description: String, default: OptionValue? = nil, secret: Bool = false,
    vars: [String] = [], ini: [IniKey] = [], env: [String] = [], aliases: [String] = []
  ) {
    self.name = name
    self.type = type
    self.description = description
    self.default = `default`
    self.secret = secret
    self.vars = vars
    self.ini = ini
    self.env = env
    self.aliases = aliases
  }

  private enum CodingKeys: String, CodingKey {
    case name, type, `default`, secret, description, vars, ini, env, aliases
  }

  /// What is empty is left out of the JSON, so that a manifest stays readable.
  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    name = try c.decode(String.self, forKey: .name)
    type = try c.decode(Kind.self, forKey: .type)
    description = try c.decodeIfPresent(String.self, forKey: .description) ?? ""
    secret = try c.decodeIfPresent(Bool.self, forKey: .secret) ?? false
    vars = try c.decodeIfPresent([String].self, forKey: .vars) ?? []
    ini = try c.decodeIfPresent([IniKey].self, forKey: .ini) ?? []
    env = try c.decodeIfPresent([String].self, forKey: .env) ?? []
    aliases = try c.decodeIfPresent([String].self, forKey: .aliases) ?? []
    `default` =
      switch type {
      case .string: try c.decodeIfPresent(String.self, forKey: .default).map(OptionValue.string)
      case .int: try c.decodeIfPresent(Int.self, forKey: .default).map(OptionValue.int)
      case .float: try c.decodeIfPresent(Double.self, forKey: .default).map(OptionValue.float)
      case .bool: try c.decodeIfPresent(Bool.self, forKey: .default).map(OptionValue.bool)
      case .list: try c.decodeIfPresent([String].self, forKey: .default).map(OptionValue.list)
      case .dictionary: try c.decodeIfPresent([String: String?].self, forKey: .default).map(OptionValue.dictionary)
      }
  }

  public func encode(to encoder: any Encoder) throws {
    var c = encoder.container(keyedBy: CodingKeys.self)
    try c.encode(name, forKey: .name)
    try c.encode(type, forKey: .type)
    try c.encode(description, forKey: .description)
    try c.encodeIfPresent(`default`, forKey: .default)
    if secret { try c.encode(true, forKey: .secret) }
    if !vars.isEmpty { try c.encode(vars, forKey: .vars) }
    if !ini.isEmpty { try c.encode(ini, forKey: .ini) }
    if !env.isEmpty { try c.encode(env, forKey: .env) }
    if !aliases.isEmpty { try c.encode(aliases, forKey: .aliases) }
  }
}

/// A default: a value of one of the declared kinds.
public enum OptionValue: Equatable, Sendable, Encodable {
  case string(String)
  case int(Int)
  case float(Double)
  case bool(Bool)
  case list([String])
  case dictionary([String: String?])

  public func encode(to encoder: any Encoder) throws {
    var c = encoder.singleValueContainer()
    switch self {
    case .string(let value): try c.encode(value)
    case .int(let value): try c.encode(value)
    case .float(let value): try c.encode(value)
    case .bool(let value): try c.encode(value)
    case .list(let value): try c.encode(value)
    case .dictionary(let value): try c.encode(value)
    }
  }
}

extension OptionValue: CustomStringConvertible {
  public var description: String {
    switch self {
    case .string(let value): value
    case .int(let value): "\(value)"
    case .float(let value): Int(exactly: value).map { "\($0)" } ?? "\(value)"
    case .bool(let value): value ? "yes" : "no"
    case .list(let value): value.joined(separator: ", ")
    case .dictionary(let value):
      value.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value ?? "")" }.joined(separator: ", ")
    }
  }
}

// MARK: How a plugin writes its options

extension OptionDeclaration {
  public static func string(
    _ name: String, _ description: String, default: String? = nil, vars: [String] = [], ini: [IniKey] = [],
    env: [String] = [], aliases: [String] = []
  ) -> Self {
    .init(
      name: name, type: .string, description: description, default: `default`.map(OptionValue.string), vars: vars,
      ini: ini, env: env, aliases: aliases)
  }

  public static func int(
    _ name: String, _ description: String, default: Int? = nil, vars: [String] = [], ini: [IniKey] = [],
    env: [String] = [], aliases: [String] = []
  ) -> Self {
    .init(
      name: name, type: .int, description: description, default: `default`.map(OptionValue.int), vars: vars,
      ini: ini, env: env, aliases: aliases)
  }

  public static func float(
    _ name: String, _ description: String, default: Double? = nil, vars: [String] = [], ini: [IniKey] = [],
    env: [String] = [], aliases: [String] = []
  ) -> Self {
    .init(
      name: name, type: .float, description: description, default: `default`.map(OptionValue.float), vars: vars,
      ini: ini, env: env, aliases: aliases)
  }

  public static func bool(
    _ name: String, _ description: String, default: Bool, vars: [String] = [], ini: [IniKey] = [],
    env: [String] = [], aliases: [String] = []
  ) -> Self {
    .init(
      name: name, type: .bool, description: description, default: .bool(`default`), vars: vars, ini: ini, env: env,
      aliases: aliases)
  }

  public static func list(
    _ name: String, _ description: String, default: [String]? = nil, vars: [String] = [], ini: [IniKey] = [],
    env: [String] = [], aliases: [String] = []
  ) -> Self {
    .init(
      name: name, type: .list, description: description, default: `default`.map(OptionValue.list), vars: vars,
      ini: ini, env: env, aliases: aliases)
  }

  public static func dictionary(_ name: String, _ description: String, vars: [String] = []) -> Self {
    .init(name: name, type: .dictionary, description: description, vars: vars)
  }

  /// A slot: the plugin learns only whether it is filled.
  public static func secret(
    _ name: String, _ description: String, vars: [String] = [], ini: [IniKey] = [], env: [String] = [],
    aliases: [String] = []
  ) -> Self {
    .init(
      name: name, type: .string, description: description, secret: true, vars: vars, ini: ini, env: env,
      aliases: aliases)
  }
}

extension OptionDeclaration.IniKey: ExpressibleByStringLiteral {
  /// `"section/key"`.
  public init(stringLiteral text: String) {
    let parts = text.split(separator: "/", maxSplits: 1)
    self.init(section: String(parts.first ?? ""), key: String(parts.last ?? ""))
  }
}
