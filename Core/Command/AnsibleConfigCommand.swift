import ArgumentParser
import Glibc
import Mitogen

/// `mitogen ansible-config`: the lines that switch Ansible over to this installation.
struct AnsibleConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ansible-config", abstract: "Print the lines for ansible.cfg that switch this installation on.")

  @Flag(help: "Print exports of environment variables instead.")
  var env = false

  @Flag(help: "By the strategy mitogen_linear instead of the callback.")
  var strategy = false

  func run() throws {
    guard let folder = Installation.ansible else {
      throw ValidationError(
        "The Ansible side (Integration/Ansible) is not beside this executable. Run it from its installation.")
    }
    let settings: [(key: String, variable: String, value: String)] =
      strategy
      ? [
        ("strategy_plugins", "ANSIBLE_STRATEGY_PLUGINS", "\(folder)/plugins/strategy"),
        ("strategy", "ANSIBLE_STRATEGY", "mitogen_linear"),
      ]
      : [
        ("callback_plugins", "ANSIBLE_CALLBACK_PLUGINS", "\(folder)/plugins/callback"),
        ("callbacks_enabled", "ANSIBLE_CALLBACKS_ENABLED", "mitogen"),
      ]
    if env {
      for setting in settings { print("export \(setting.variable)=\(setting.value)") }
    } else {
      print("[defaults]")
      for setting in settings { print("\(setting.key) = \(setting.value)") }
    }
  }
}
