import PluginKit

/// Another account on the machine of the parent node, by sudo: for a task.
struct SudoConnection: ConnectionPlugin {
  static let name = "sudo"
  static let summary = "Becomes another account by sudo."
  static let aliases = ["ansible.builtin.sudo"]
  static let changesAccount = true
  static let options: [OptionDeclaration] =
    AccountRole.become.options(of: "sudo", flags: SudoFlags.standard, SudoFlags.help) + [
      .string(
        "sudo_chdir", "Directory to go to before sudo is started.", vars: ["ansible_sudo_chdir"],
        ini: ["sudo_become_plugin/chdir"], env: ["ANSIBLE_SUDO_CHDIR"]),
      SudoPlan.terminal,
    ]

  func plan(_ options: Options, probes: [ProbeResult]?) throws -> LaunchPlan {
    var plan = try SudoPlan(role: .become).make(options)
    plan.directory = try options.string("sudo_chdir")
    return plan
  }
}

/// The same as a host of its own.
struct MitogenSudoConnection: ConnectionPlugin {
  static let name = "mitogen_sudo"
  static let summary = "Another account, reached by sudo, as a host of its own."
  static let options: [OptionDeclaration] =
    AccountRole.connection.options(of: "sudo", flags: SudoFlags.standard, SudoFlags.help, becomeFlags: true) + [
      SudoPlan.terminal
    ]

  func plan(_ options: Options, probes: [ProbeResult]?) throws -> LaunchPlan {
    try SudoPlan(role: .connection).make(options)
  }
}

private let library = PluginLibrary(version: "0.1.0", SudoConnection(), MitogenSudoConnection())

@c @implementation public func mitogen_library_v1() -> UnsafePointer<mitogen_library>? { library.table }
