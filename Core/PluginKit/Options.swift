/// The options of one hop, read by declared name and type.
///
/// A value that is missing, `null` or an empty text is the declared default. A number or a truth value may come as
/// text, as it does from an inventory; what cannot be read is refused with the option's name.
public struct Options {
  let plugin: String
  let declarations: [OptionDeclaration]
  let values: KeyedDecodingContainer<Name>

  init(of type: any Plugin.Type, _ json: UnsafeRawBufferPointer) throws {
    plugin = type.name
    declarations = type.options
    values = try JSON.decode(Object.self, json).values
  }

  /// For PluginTestKit.
  package init(of type: any Plugin.Type, json: [UInt8]) throws {
    self = try json.withUnsafeBytes { try Options(of: type, $0) }
  }

  struct Name: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(_ name: String) { stringValue = name }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// The inventory name of the host, for messages.
  public var host: String { (try? values.decodeIfPresent(String.self, forKey: Name("name"))) ?? "the host" }

  /// Whether a secret was given for this slot; its value is never here.
  public func has(secret slot: String) -> Bool {
    (try? values.decodeIfPresent(Bool.self, forKey: Name("has_" + slot))) ?? false
  }

  /// `nil` where nothing is set.
  public func string(_ name: String) throws -> String? {
    try read(name, String.self, { $0 }, { if case .string(let value) = $0 { value } else { nil } })
  }

  public func int(_ name: String) throws -> Int? {
    try read(name, Int.self, Int.init, { if case .int(let value) = $0 { value } else { nil } })
  }

  public func float(_ name: String) throws -> Double? {
    try read(name, Double.self, Double.init, { if case .float(let value) = $0 { value } else { nil } })
  }

  /// A time limit in seconds; the declared default where nothing, or 0, is set.
  public func seconds(_ name: String) throws -> Double {
    let declared = declarations.first { $0.name == name }?.default
    let standard = if case .float(let value) = declared { value } else { 10.0 }
    guard let value = try float(name), value > 0, value.isFinite else { return standard }
    return value
  }

  /// False where nothing is set. Texts as Ansible reads them: yes, on, true, 1 and their opposites.
  public func bool(_ name: String) throws -> Bool {
    try read(name, Bool.self, truth, { if case .bool(let value) = $0 { value } else { nil } }) ?? false
  }

  /// Empty where nothing is set. A text is split at commas.
  public func list(_ name: String) throws -> [String] {
    try read(
      name, [String].self, { $0.split(separator: ",").map { Words.trimmed($0) } },
      { if case .list(let value) = $0 { value } else { nil } }) ?? []
  }

  /// Empty where nothing is set.
  public func dictionary(_ name: String) throws -> [String: String?] {
    try read(
      name, [String: String?].self, { _ in nil }, { if case .dictionary(let value) = $0 { value } else { nil } })
      ?? [:]
  }

  /// A text split into words as a POSIX shell would, without expansion: what `ssh_args` and `become_flags` hold.
  public func words(_ name: String) throws -> [String] {
    guard let text = try string(name) else { return [] }
    do {
      return try Words.split(text)
    } catch let error as Words.Unfinished {
      throw refusal(name, "\(error)", "close the quote, or write \\ before it")
    }
  }

  /// A refusal that names an option.
  public func refusal(_ option: String, _ problem: String, _ hint: String) -> PluginRefusal {
    PluginRefusal(message: "the option \(option) of \(plugin) for \(host): \(problem)", hint: hint)
  }

  private func read<Value: Decodable>(
    _ name: String, _ type: Value.Type, _ parse: (String) -> Value?, _ value: (OptionValue) -> Value?
  ) throws -> Value? {
    guard let declaration = declarations.first(where: { $0.name == name }) else {
      throw refusal(name, "the plugin reads it and has not declared it", "this is a fault of the plugin")
    }
    for key in [declaration.name] + declaration.aliases {
      guard values.contains(Name(key)), try !values.decodeNil(forKey: Name(key)) else { continue }
      if let text = try? values.decode(String.self, forKey: Name(key)) {
        if text.isEmpty { continue }
        if let parsed = parse(text) { return parsed }
      } else if let typed = try? values.decode(Value.self, forKey: Name(key)) {
        return typed
      } else if Value.self == String.self, let number = try? values.decode(Int.self, forKey: Name(key)) {
        // YAML reads a user named 1000 as a number.
        return parse(String(number))
      }
      throw refusal(name, "expected \(declaration.type.rawValue), found something else", "correct its value")
    }
    return declaration.default.flatMap(value)
  }
}

private func truth(_ text: String) -> Bool? {
  switch text.lowercased() {
  case "yes", "on", "true", "1", "y", "t": true
  case "no", "off", "false", "0", "n", "f": false
  default: nil
  }
}

extension Options {
  /// The object as a JSON decoder shows it, before anything is known of its values.
  struct Object: Decodable {
    var values: KeyedDecodingContainer<Name>
    init(from decoder: any Decoder) throws { values = try decoder.container(keyedBy: Name.self) }
  }
}
