import Plans
import Registry

extension MethodReference {
  /// A document of YAML. Texts are written as JSON's, which YAML reads as they are.
  var ansible: String {
    var lines = [
      "---", "name: \(Self.text(name))", "short_description: \(Self.text(declaration.description))",
      "description: [\(Self.text(declaration.description + Self.origin(version)))]",
    ]
    if !declaration.aliases.isEmpty { lines.append("aliases: [\(declaration.aliases.map(Self.text).joined(separator: ", "))]") }
    if declaration.options.isEmpty {
      lines.append("options: {}")
    } else {
      lines.append("options:")
      lines += declaration.options.flatMap(option)
    }
    return lines.joined(separator: "\n")
  }

  private static func origin(_ version: String) -> String { " By mitogen's plugin library of version \(version)." }

  private func option(_ option: OptionDeclaration) -> [String] {
    var lines = ["  \(option.name):", "    description: [\(Self.text(option.description))]", "    type: \(Self.type(option.type))"]
    if !option.secret, let value = option.default { lines.append("    default: \(Self.json(value))") }
    for (key, names) in [("vars", option.vars), ("env", option.env)] where !names.isEmpty {
      lines.append("    \(key):")
      lines += names.map { "      - name: \($0)" }
    }
    if !option.ini.isEmpty {
      lines.append("    ini:")
      lines += option.ini.flatMap { ["      - section: \(Self.text($0.section))", "        key: \(Self.text($0.key))"] }
    }
    if !option.aliases.isEmpty { lines.append("    aliases: [\(option.aliases.map(Self.text).joined(separator: ", "))]") }
    return lines
  }

  /// As Ansible calls it.
  private static func type(_ kind: OptionDeclaration.Kind) -> String {
    switch kind {
    case .string: "str"
    case .dictionary: "dict"
    case .int, .float, .bool, .list: kind.rawValue
    }
  }

  private static func text(_ text: String) -> String { json(OptionValue.string(text)) }

  private static func json(_ value: OptionValue) -> String {
    (try? RegistryJSON.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
  }
}
