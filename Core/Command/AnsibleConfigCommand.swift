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
    let settings = try Self.settings(byStrategy: strategy)
    if env {
      for setting in settings { print("export \(setting.variable)=\(setting.value)") }
    } else {
      print("[defaults]")
      for setting in settings { print("\(setting.key) = \(setting.value)") }
    }
  }

  struct Setting {
    var key: String
    var variable: String
    var value: String
  }

  static func settings(byStrategy: Bool = false) throws -> [Setting] {
    guard let folder = Installation.ansible else {
      throw ValidationError(
        "The Ansible side (Integration/Ansible) is not beside this executable. Run it from its installation.")
    }
    return byStrategy
      ? [
        Setting(key: "strategy_plugins", variable: "ANSIBLE_STRATEGY_PLUGINS", value: "\(folder)/plugins/strategy"),
        Setting(key: "strategy", variable: "ANSIBLE_STRATEGY", value: "mitogen_linear"),
      ]
      : [
        Setting(key: "callback_plugins", variable: "ANSIBLE_CALLBACK_PLUGINS", value: "\(folder)/plugins/callback"),
        Setting(key: "callbacks_enabled", variable: "ANSIBLE_CALLBACKS_ENABLED", value: "mitogen"),
      ]
  }
}
