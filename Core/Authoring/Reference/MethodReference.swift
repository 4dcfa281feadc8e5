import Plans

/// The reference of one connection or become method, from what it declares.
public struct MethodReference: Sendable {
  public enum Format: String, CaseIterable, Sendable {
    case markdown
    /// What stands in DOCUMENTATION of Ansible's own plugins.
    case ansible
  }

  let name: String
  let version: String
  let declaration: PluginDeclaration

  public init(name: String, version: String, _ declaration: PluginDeclaration) {
    self.name = name
    self.version = version
    self.declaration = declaration
  }

  public func text(_ format: Format) -> String {
    switch format {
    case .markdown: markdown
    case .ansible: ansible
    }
  }

  // MARK: Markdown

  private var markdown: String {
    var lines = ["", "## \(name)", "", declaration.description]
    if !declaration.aliases.isEmpty {
      lines += ["", "Also: " + declaration.aliases.map { "`\($0)`" }.joined(separator: ", ") + "."]
    }
    if !declaration.options.isEmpty {
      lines += ["", "| option | default | variables | elsewhere | meaning |", "|---|---|---|---|---|"]
      lines += declaration.options.map(Self.row)
    }
    return lines.joined(separator: "\n")
  }

  private static func row(_ option: OptionDeclaration) -> String {
    let elsewhere = option.ini.map { "`[\($0.section)] \($0.key)`" } + option.env.map { "`\($0)`" }
    let cells = [
      "`\(option.name)`", option.secret ? "a secret" : option.default.map { "`\($0)`" } ?? "",
      option.vars.map { "`\($0)`" }.joined(separator: ", "), elsewhere.joined(separator: ", "), option.description,
    ]
    return "| " + cells.map { $0.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|") }.joined(separator: " | ") + " |"
  }
}
