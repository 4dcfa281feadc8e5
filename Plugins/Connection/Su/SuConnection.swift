import PluginKit

/// Another account on the machine of the parent node, by su: for a task.
struct SuConnection: ConnectionPlugin {
  static let name = "su"
  static let summary = "Becomes another account by su."
  static let aliases = ["ansible.builtin.su"]
  static let changesAccount = true
  static let options: [OptionDeclaration] =
    AccountRole.become.options(of: "su", flags: "", SuFlags.help) + SuPlan.options

  func plan(_ options: Options, probes: [ProbeResult]?) throws -> LaunchPlan {
    try SuPlan(role: .become).make(options)
  }
}

/// The same as a host of its own.
struct MitogenSuConnection: ConnectionPlugin {
  static let name = "mitogen_su"
  static let summary = "Another account, reached by su, as a host of its own."
  static let options: [OptionDeclaration] =
    AccountRole.connection.options(of: "su", flags: "", SuFlags.help) + SuPlan.options

  func plan(_ options: Options, probes: [ProbeResult]?) throws -> LaunchPlan {
    try SuPlan(role: .connection).make(options)
  }
}

private let library = PluginLibrary(version: "0.1.0", SuConnection(), MitogenSuConnection())

@c @implementation public func mitogen_library_v1() -> UnsafePointer<mitogen_library>? { library.table }
