import PluginKit

/// -f -g -G -l (also as `-`) -m -p -s -w have their effect. -P and -T are about a terminal, and what runs here has
/// none, so they are dropped. Any other is refused by name.
enum SuFlags {
  static let help = "Options of su: - -f -g -G -l -m -p -s and -w have their effect, -P and -T need not be given."

  /// su(1) of util-linux; `-u` is runuser's.
  static let rules = BecomeFlags.Rules(
    of: "su",
    [
      .init("c", "command", .required, ours), .init("", "session-command", .required, ours),
      .init("f", "fast", .none, .keep), .init("g", "group", .required, .keep), .init("G", "supp-group", .required, .keep),
      .init("l", "login", .none, .login), .init("mp", "preserve-environment", .none, .preserve),
      .init("P", "pty", .none, .drop), .init("T", "no-pty", .none, .drop), .init("s", "shell", .required, .keep),
      .init("u", "user", .required, .refuse("the account has a variable of its own")),
      .init("w", "whitelist-environment", .required, .keep), .init("h", "help", .none, noCommand),
      .init("V", "version", .none, noCommand),
    ],
    honoured: "- -f -g -G -l -m -p -s -w (and -P -T, which have no effect)", dashIsLogin: true)
  private static let ours = BecomeFlags.Effect.refuse("the command is the node's")
  private static let noCommand = BecomeFlags.Effect.refuse("with it su runs no command")
}
