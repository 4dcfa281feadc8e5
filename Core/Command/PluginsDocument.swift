import ArgumentParser
import Plans
import Registry

extension PluginsCommand {
  /// `mitogen plugins document`: the reference of all connection and become methods, from what they declare.
  struct Document: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the reference of all methods, as Markdown.")

    @OptionGroup var search: Search

    func run() throws {
      let methods = search.registry().connectionMethods().sorted { $0.name < $1.name }
      print("# Connection and become methods\n")
      print("Printed by `mitogen plugins document` from what the plugins declare. Where Ansible has an option of that name, Ansible's own")
      print("definition of it holds. Of several variables that are set, the last one named wins.")
      for method in methods { print(MethodReference(method).markdown) }
    }
  }
}

/// One method's section.
struct MethodReference {
  let markdown: String

  init(_ method: PluginListing) {
    let declaration = method.declaration
    var lines = ["", "## \(method.name)", "", declaration.description]
    if !declaration.aliases.isEmpty {
      lines += ["", "Also: " + declaration.aliases.map { "`\($0)`" }.joined(separator: ", ") + "."]
    }
    if !declaration.options.isEmpty {
      lines += ["", "| option | default | variables | elsewhere | meaning |", "|---|---|---|---|---|"]
      lines += declaration.options.map(Self.row)
    }
    markdown = lines.joined(separator: "\n")
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
