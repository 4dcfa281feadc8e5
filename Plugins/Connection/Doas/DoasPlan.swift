import PluginKit

/// How doas is started.
///
/// The interpreter is doas' own command, with no shell between: a rule `permit USER cmd /usr/bin/python3` suffices.
struct DoasPlan {
  let role: AccountRole

  static let options: [OptionDeclaration] = [
    .list(
      "prompt_l10n", "Expressions by which doas asks for the password, text with gaps (`.*`); not set: those of doas and PAM.",
      vars: ["ansible_doas_prompt_l10n"], ini: ["doas_become_plugin/localized_prompts"], env: ["ANSIBLE_DOAS_PROMPT_L10N"])
  ]

  func make(_ options: Options) throws -> LaunchPlan {
    let flags = try BecomeFlags(options, for: role, by: DoasFlags.rules)
    let user = try options.string(role.accountOption) ?? flags.user ?? "root"
    let hasPassword = options.has(secret: "password")
    let messages = DoasMessages(role: role, user: user)
    let patterns = try self.patterns(options)

    var argv = try options.words("become_exe") + flags.kept
    if !hasPassword { argv.append("-n") }
    argv += ["-u", user, "--"]

    return LaunchPlan(
      argv: argv.map { .literal($0) } + [.bootstrapWords],
      // doas asks on the terminal and takes a password from nothing else.
      stdio: hasPassword ? .ttyBeside : .socketpair,
      interpreter: role.interpreter,
      prompts: hasPassword ? messages.prompts(patterns) : [],
      hints: messages.hints,
      leavesMachine: false,
      description: "doas to \(user) on \(options.host)",
      timeout: try options.seconds("timeout"))
  }

  private func patterns(_ options: Options) throws -> [PromptPattern] {
    try options.list("prompt_l10n").flatMap { expression in
      guard let patterns = PromptPattern.all(expression) else {
        throw options.refusal(
          "prompt_l10n", "\"\(expression)\" is more than text with gaps", "write the text of the prompt, with .* for what varies")
      }
      return patterns
    }
  }
}
