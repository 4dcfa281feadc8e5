import PluginKit

/// How sudo is started.
///
/// The interpreter is sudo's own command, with no shell between: a rule `NOPASSWD:/usr/bin/python -c*` suffices.
struct SudoPlan {
  let role: AccountRole

  static let terminal = OptionDeclaration.bool(
    "mitogen_sudo_tty", "Whether sudo gets a terminal even where no password is set, for requiretty in sudoers.",
    default: false, vars: ["mitogen_sudo_tty"])

  func make(_ options: Options) throws -> LaunchPlan {
    let flags = try BecomeFlags(options, for: role, by: SudoFlags.rules)
    let user = try options.string(role.accountOption) ?? flags.user ?? "root"
    let hasPassword = options.has(secret: "password")
    let messages = SudoMessages(role: role, user: user)

    var argv = try options.words("become_exe") + flags.kept
    // With -n sudo says at once that it needs a password; without, it would wait for one on a terminal.
    argv += hasPassword ? ["-p", SudoMessages.prompt] : ["-n"]
    argv += ["-u", user, "--"]

    return LaunchPlan(
      argv: argv.map { .literal($0) } + [.bootstrapWords],
      // sudo with -A only would use it; a desktop's habit must not open a window.
      environment: ["SUDO_ASKPASS": nil],
      // sudo asks on /dev/tty. Without a terminal it passes our descriptors on and stays out of the way.
      stdio: try hasPassword || options.bool("mitogen_sudo_tty") ? .ttyBeside : .socketpair,
      interpreter: role.interpreter,
      prompts: hasPassword ? messages.prompts : [],
      hints: messages.hints,
      leavesMachine: false,
      description: "sudo to \(user) on \(options.host)",
      timeout: try options.seconds("timeout"))
  }
}
