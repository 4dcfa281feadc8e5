import ArgumentParser
import Authoring
import Plans
import Registry

extension MethodReference.Format: ExpressibleByArgument {}

extension PluginsCommand {
  /// `mitogen plugins docs`: the reference of connection and become methods, from what they declare.
  struct Docs: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "docs", abstract: "Print the reference of connection and become methods.",
      discussion: """
        Of all that the search path has, or of those that are named. As Markdown, or as ansible: the YAML that Ansible's own
        plugins have in DOCUMENTATION, one document for each method.
        """)

    @OptionGroup var search: Search
    @Option(help: "\(MethodReference.Format.allCases.map(\.rawValue).joined(separator: " or ")).") var format = MethodReference.Format.markdown
    @Argument(help: "Names or aliases of methods.") var names: [String] = []

    func run() throws {
      let methods = search.registry().connectionMethods().sorted { $0.name < $1.name }
      for name in names where !methods.contains(where: { $0.isCalled(name) }) {
        throw ValidationError("There is no method \"\(name)\". See: mitogen plugins list")
      }
      let wanted = names.isEmpty ? methods : methods.filter { method in names.contains { method.isCalled($0) } }
      if format == .markdown, names.isEmpty {
        print("# Connection and become methods\n")
        print("Printed by `mitogen plugins docs` from what the plugins declare. Where Ansible has an option of that name, Ansible's own")
        print("definition of it holds. Of several variables that are set, the last one named wins.")
      }
      for method in wanted {
        print(MethodReference(name: method.name, version: method.version, method.declaration).text(format))
      }
    }
  }
}

extension PluginListing {
  fileprivate func isCalled(_ name: String) -> Bool { self.name == name || declaration.aliases.contains(name) }
}
