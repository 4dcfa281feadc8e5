import PluginKit

/// -E -H -i -r -t -u have their effect. -S and -n are what Ansible's default holds: how a password is asked for is
/// decided here, so they are dropped. Any other is refused by name, since it would change what is run or how.
enum SudoFlags {
  static let standard = "-H -S -n"
  static let help = "Options of sudo: -E -H -i -r -t and -u have their effect, -S and -n need not be given."

  /// sudo(8), 1.9; and of the BSDs' -a and -c.
  static let rules = BecomeFlags.Rules(
    of: "sudo",
    [
      .init("E", nil, .none, .preserve), .init("", "preserve-env", .optional, .preserve), .init("H", "set-home", .none, .keep),
      .init("i", "login", .none, .login), .init("r", "role", .required, .keep), .init("t", "type", .required, .keep),
      .init("u", "user", .required, .account), .init("S", "stdin", .none, .drop), .init("n", "non-interactive", .none, .drop),
      .init("A", "askpass", .none, .refuse("the password comes from Ansible's variables")),
      .init("a", "auth-type", .required, other), .init("B", "bell", .none, other),
      .init("b", "background", .none, .refuse("the node has to stay sudo's child")),
      .init("C", "close-from", .required, other), .init("c", "login-class", .required, other),
      .init("D", "chdir", .required, .refuse("ansible_sudo_chdir names a directory")),
      .init("e", "edit", .none, noCommand), .init("g", "group", .required, other), .init("", "help", .none, noCommand),
      .init("h", nil, .optional, .refuse("sudo runs nothing on another host")),
      .init("", "host", .required, .refuse("sudo runs nothing on another host")),
      .init("K", "remove-timestamp", .none, noCommand), .init("k", "reset-timestamp", .none, other),
      .init("l", "list", .none, noCommand), .init("N", "no-update", .none, other),
      .init("P", "preserve-groups", .none, other),
      .init("p", "prompt", .required, .refuse("the prompt is chosen here, to be recognised")),
      .init("R", "chroot", .required, other), .init("s", "shell", .none, .refuse("there is to be no shell in between")),
      .init("T", "command-timeout", .required, .refuse("it would end the node")),
      .init("U", "other-user", .required, noCommand), .init("V", "version", .none, noCommand),
      .init("v", "validate", .none, noCommand),
    ],
    honoured: honoured,
    operandHint: { word, _ in word.contains("=") ? "use the task's environment: for variables" : "\(honoured) can be used" })
  private static let honoured = "-E -H -i -r -t -u (and -S -n, which have no effect)"
  private static let other = BecomeFlags.Effect.refuse("it is not supported")
  private static let noCommand = BecomeFlags.Effect.refuse("with it sudo runs no command")
}
