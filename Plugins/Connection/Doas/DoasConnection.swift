import PluginKit

/// Another account on the machine of the parent node, by doas: for a task.
struct DoasConnection: ConnectionPlugin {
  static let name = "doas"
  static let summary = "Becomes another account by doas."
  static let aliases = ["community.general.doas"]
  static let changesAccount = true
  static let options: [OptionDeclaration] =
    AccountRole.become.options(of: "doas", flags: "", DoasFlags.help) + DoasPlan.options

  func plan(_ options: Options, probes: [ProbeResult]?) throws -> LaunchPlan {
    try DoasPlan(role: .become).make(options)
  }
}

/// The same as a host of its own.
struct MitogenDoasConnection: ConnectionPlugin {
  static let name = "mitogen_doas"
  static let summary = "Another account, reached by doas, as a host of its own."
  static let options: [OptionDeclaration] =
    AccountRole.connection.options(of: "doas", flags: "", DoasFlags.help) + DoasPlan.options

  func plan(_ options: Options, probes: [ProbeResult]?) throws -> LaunchPlan {
    try DoasPlan(role: .connection).make(options)
  }
}

private let library = PluginLibrary(version: "0.1.0", DoasConnection(), MitogenDoasConnection())

@c @implementation public func mitogen_library_v1() -> UnsafePointer<mitogen_library>? { library.table }
