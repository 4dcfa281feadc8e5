import PluginKit

/// How su is started: `su FLAGS ACCOUNT -c COMMAND`, in the order that the su of Linux, the BSDs, illumos and busybox
/// all read. The account's own shell runs the command.
struct SuPlan {
  let role: AccountRole

  static let options: [OptionDeclaration] = [
    .list(
      "prompt_l10n", "Texts by which su asks for the password, without the colon behind them; not set: those of PAM.",
      vars: ["ansible_su_prompt_l10n"], ini: ["su_become_plugin/localized_prompts"], env: ["ANSIBLE_SU_PROMPT_L10N"]),
    .bool(
      "mitogen_su_tty", "Whether su gets a terminal as its input, for those that read a password from nothing else.",
      default: false, vars: ["mitogen_su_tty"]),
  ]

  func make(_ options: Options) throws -> LaunchPlan {
    let flags = try BecomeFlags(options, for: role, by: SuFlags.rules)
    let user = try options.string(role.accountOption) ?? "root"
    guard !user.hasPrefix("-") else {
      throw options.refusal(
        role.accountOption, "\"\(user)\" would be read as an option of su", "correct \(role.accountVariable)")
    }
    let messages = SuMessages(role: role, user: user)
    let argv = try options.words("become_exe") + flags.kept + [user, "-c"]

    return LaunchPlan(
      argv: argv.map { .literal($0) } + [.bootstrapShellCommand],
      stdio: try stdio(options),
      interpreter: role.interpreter,
      prompts: messages.prompts(try options.list("prompt_l10n")),
      hints: messages.hints,
      leavesMachine: false,
      description: "su to \(user) on \(options.host)",
      timeout: try options.seconds("timeout"))
  }

  /// PAM's su asks on stderr and reads stdin, terminal or not; the BSDs' asks on the terminal. Either finds what it
  /// wants where both are.
  private func stdio(_ options: Options) throws -> LaunchPlan.StdioShape {
    if try options.bool("mitogen_su_tty") { return .tty }
    return options.has(secret: "password") ? .ttyBeside : .socketpair
  }
}
