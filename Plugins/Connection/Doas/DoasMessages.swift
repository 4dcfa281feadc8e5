import PluginKit

/// What doas says, and what it means: OpenBSD's, and OpenDoas' with PAM or with shadow passwords.
struct DoasMessages {
  let role: AccountRole
  let user: String

  /// - Parameter patterns: the user's own; where there are any, they replace the built-in ones.
  func prompts(_ patterns: [PromptPattern]) -> [LaunchPlan.PromptRule] {
    let asked =
      patterns.isEmpty
      ? [.init(match: .afterPrefix, text: ":", prefix: "doas (", then: .send(slot: "password"), on: "tty")]
        + PasswordPrompt.rules(send: "password")
      : patterns.map { $0.rule(send: "password", on: "tty") }
    return PasswordPrompt.expired(of: "that doas asked for", code: role.refusedCode)
      + PasswordPrompt.oneTimeCode(code: role.refusedCode) + asked
  }

  var hints: [LaunchPlan.ErrorHint] {
    let give = "\(role.givePassword), or allow it with nopass in doas.conf"
    return [
      role.refusal("Authentication failed", "Incorrect doas password", role.checkPassword),
      role.refusal("Authorization failed", "Incorrect doas password", role.checkPassword),
      role.refusal("doas: Permission denied", "Incorrect doas password", role.checkPassword),
      role.refusal("Authentication required", "Missing doas password", give),
      role.refusal("Authorization required", "Missing doas password", give),
      role.refusal("a tty is required", "Missing doas password", give),
      role.hint("doas is not enabled", "doas on the target is not enabled: it has no doas.conf", "write one there"),
      role.hint(
        "is writable by group or other", "doas on the target refuses a doas.conf that others may write", "chmod 600 it there"),
      role.hint("is not owned by root", "doas on the target refuses a doas.conf that is not root's", "chown root it there"),
      role.hint("syntax error", "doas on the target cannot read its doas.conf", "check it there with doas -C"),
      role.hint(
        "Operation not permitted", "doas to \(user): doas.conf does not allow the interpreter to be run",
        "add a rule such as \"permit nopass LOGIN as \(user) cmd /usr/bin/python3\""),
      role.hint("unknown user", "doas: the account \(user) does not exist", "check \(role.accountVariable)"),
      role.hint("no passwd entry for target", "doas: the account \(user) does not exist", "check \(role.accountVariable)"),
      role.hint("account expired", "doas to \(user): the login account has expired", "check it on the target"),
      role.hint("not installed setuid", "doas on the target is not installed with the setuid bit", "reinstall doas there"),
      role.hint(
        "command not found", "doas to \(user): the interpreter was not found",
        "check ansible_python_interpreter; doas looks only in the folders of the system"),
      role.hint(
        "Permission denied", "doas to \(user): that account may not execute the interpreter",
        "set ansible_python_interpreter to one that every account may execute, such as /usr/bin/python3"),
      role.hint("usage: doas", "doas on the target does not know an option that it was given", "check ansible_become_flags"),
    ]
  }
}
