import ArgumentParser
import Glibc
import Plans
import Registry

/// `mitogen plugins`: what is loaded from where, and why not.
struct PluginsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plugins", abstract: "Show connection methods and module runners.",
    subcommands: [
      List.self, Show.self, Why.self, Docs.self, MakeManifest.self, Check.self, New.self, Header.self,
    ])

  struct Search: ParsableArguments {
    @Option(name: .customLong("plugin-dir"), help: "A folder with plugin libraries. May be given again.")
    var pluginFolders: [String] = []

    func registry() -> Registry {
      Registry(configuration: .standard(pluginFolders: pluginFolders, environment: Environment().all))
    }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Name, kind, version, file and state of each.")

    @OptionGroup var search: Search
    @Flag(help: "For programs.") var json = false

    func run() throws {
      let listing = search.registry().listing()
      if json { return Output.write(try PluginListing.json(listing)) }
      let rows = listing.map { entry in
        [
          entry.name.isEmpty ? "-" : entry.name, entry.kind.name, entry.version, entry.state.rawValue,
          entry.isolated ? "helper" : "router", entry.file,
        ]
      }
      Output.table(["NAME", "KIND", "VERSION", "STATE", "RUNS IN", "FILE"], rows)
      for problem in listing.compactMap(\.problem) { print("\(problem)") }
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The options of one, and the Ansible variables that set them.")

    @OptionGroup var search: Search
    @Flag(help: "For programs.") var json = false
    @Argument(help: "Its name.") var name: String

    func run() throws {
      let found = search.registry().listing().filter { $0.name == name || $0.declaration.aliases.contains(name) }
      guard let entry = found.first(where: { $0.state != .shadowed }) ?? found.first else {
        throw ValidationError("There is no plugin \"\(name)\". See: mitogen plugins list")
      }
      if json { return Output.write(try PluginListing.json([entry])) }
      print("\(entry.name) \(entry.version): \(entry.declaration.description)")
      print("  \(entry.kind.name), \(entry.state.rawValue), from \(entry.file)")
      if !entry.features.isEmpty { print("  features: \(entry.features.joined(separator: ", "))") }
      for option in entry.declaration.options { show(option) }
    }

    private func show(_ option: OptionDeclaration) {
      var type = option.type.rawValue
      if option.secret { type += ", secret" }
      if let value = option.default { type += ", default \(value)" }
      print("\n  \(option.name) (\(type))\n    \(option.description)")
      if !option.vars.isEmpty { print("    variables: \(option.vars.joined(separator: ", "))") }
      if !option.env.isEmpty { print("    environment: \(option.env.joined(separator: ", "))") }
      if !option.ini.isEmpty {
        print("    ansible.cfg: \(option.ini.map { "[\($0.section)] \($0.key)" }.joined(separator: ", "))")
      }
    }
  }

  struct Why: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Where a name was looked for, and what was refused.")

    @OptionGroup var search: Search
    @Argument(help: "The name.") var name: String

    func run() throws {
      for line in search.registry().explain(name) { print(line) }
    }
  }

  struct MakeManifest: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "manifest", abstract: "Print the manifest that belongs beside a library.")

    @Argument(help: "The library.") var library: String

    func run() throws {
      Output.write(try Manifest.generate(library: library).json())
    }
  }
}

/// `mitogen plugin-host`: the helper process in which libraries from outside the installation run.
struct PluginHostCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plugin-host", abstract: "Serve one plugin library for a router.", shouldDisplay: false)

  func run() throws {
    PluginHost.main()
  }
}
