import PluginKit

/// Another account on the machine of the parent node, by sudo.
///
/// The interpreter is sudo's own command, with no shell between: a rule `NOPASSWD:/usr/bin/python -c*` suffices.
struct SudoConnection: ConnectionPlugin {
  static let name = "sudo"
  static let summary = "Becomes another account by sudo."
  static let aliases = ["ansible.builtin.sudo", "mitogen_sudo"]
  static let changesAccount = true

  static let options: [OptionDeclaration] = [
    .string(
      "become_user", "Account to become.", default: "root", vars: ["ansible_become_user", "ansible_sudo_user"],
      ini: ["privilege_escalation/become_user", "sudo_become_plugin/user"],
      env: ["ANSIBLE_BECOME_USER", "ANSIBLE_SUDO_USER"], aliases: ["user"]),
    .string(
      "become_exe", "The sudo program.", default: "sudo", vars: ["ansible_become_exe", "ansible_sudo_exe"],
      ini: ["privilege_escalation/become_exe", "sudo_become_plugin/executable"],
      env: ["ANSIBLE_BECOME_EXE", "ANSIBLE_SUDO_EXE"], aliases: ["exe"]),
    .string(
      "become_flags", "Options of sudo: -E -H -i -r -t and -u have their effect, -S and -n need not be given.",
      default: "-H -S -n", vars: ["ansible_become_flags", "ansible_sudo_flags"],
      ini: ["privilege_escalation/become_flags", "sudo_become_plugin/flags"],
      env: ["ANSIBLE_BECOME_FLAGS", "ANSIBLE_SUDO_FLAGS"], aliases: ["flags"]),
    .string(
      "sudo_chdir", "Directory to go to before sudo is started.", vars: ["ansible_sudo_chdir"],
      ini: ["sudo_become_plugin/chdir"], env: ["ANSIBLE_SUDO_CHDIR"]),
    .secret(
      "password", "The password that sudo asks for.",
      vars: ["ansible_become_password", "ansible_become_pass", "ansible_sudo_pass"],
      ini: ["sudo_become_plugin/password"], env: ["ANSIBLE_BECOME_PASS", "ANSIBLE_SUDO_PASS"],
      aliases: ["become_pass"]),
    .float("timeout", "Seconds until the node must have answered.", default: 10, vars: ["ansible_timeout"]),
  ]

  func plan(_ options: Options, probes: [ProbeResult]?) throws -> LaunchPlan {
    let flags = try SudoFlags(options.words("become_flags")) { problem, hint in
      options.refusal("become_flags", problem, hint)
    }
    let user = try options.string("become_user") ?? flags.user ?? "root"
    let hasPassword = options.has(secret: "password")

    var argv = try Words.split(options.string("become_exe") ?? "sudo") + flags.kept
    // With -n sudo says at once that it needs a password; without, it would wait for one on a terminal.
    argv += hasPassword ? ["-p", SudoMessages.prompt] : ["-n"]
    argv += ["-u", user, "--"]

    return LaunchPlan(
      argv: argv.map { .literal($0) } + [.bootstrapWords],
      // sudo with -A only would use it; a desktop's habit must not open a window.
      environment: ["SUDO_ASKPASS": nil],
      directory: try options.string("sudo_chdir"),
      // sudo asks on /dev/tty. Without a terminal it passes our descriptors on and stays out of the way.
      stdio: hasPassword ? .ttyBeside : .socketpair,
      interpreter: .direct,
      prompts: hasPassword ? SudoMessages.prompts : [],
      hints: SudoMessages.hints(user: user),
      leavesMachine: false,
      description: "sudo to \(user) on \(options.host)",
      timeout: try options.seconds("timeout"))
  }
}

private let library = PluginLibrary(version: "0.1.0", SudoConnection())

@c @implementation public func mitogen_library_v1() -> UnsafePointer<mitogen_library>? { library.table }
