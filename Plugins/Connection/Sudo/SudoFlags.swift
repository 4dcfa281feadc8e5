import PluginKit

/// `become_flags`, read by sudo's own option grammar.
///
/// -E -H -i -r -t -u have their effect. -S and -n are what Ansible's default holds: how a password is asked for is
/// decided here, so they are dropped. Any other is refused by name, since it would change what is run or how.
struct SudoFlags {
  static let standard = "-H -S -n"
  static let help = "Options of sudo: -E -H -i -r -t and -u have their effect, -S and -n need not be given."

  /// What goes on to sudo, in the order written.
  private(set) var kept: [String] = []
  private(set) var user: String?

  private enum Effect {
    case keep, user, drop
    /// With the reason.
    case refuse(String)
  }

  /// sudo(8), 1.9; and of the BSDs' -a and -c.
  private static let grammar = OptionGrammar<Effect>([
    .init("E", nil, .none, .keep), .init("", "preserve-env", .optional, .keep), .init("H", "set-home", .none, .keep),
    .init("i", "login", .none, .keep), .init("r", "role", .required, .keep), .init("t", "type", .required, .keep),
    .init("u", "user", .required, .user), .init("S", "stdin", .none, .drop), .init("n", "non-interactive", .none, .drop),
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
  ])
  private static let other = Effect.refuse("it is not supported")
  private static let noCommand = Effect.refuse("with it sudo runs no command")
  private static let honoured = "-E -H -i -r -t -u (and -S -n, which have no effect) can be used"

  typealias Refuse = (_ problem: String, _ hint: String) -> PluginRefusal

  init(_ words: [String], refuse: Refuse) throws {
    let elements: [OptionGrammar<Effect>.Element]
    do {
      elements = try Self.grammar.read(words)
    } catch {
      throw refuse("sudo: \(error)", Self.honoured)
    }
    for element in elements {
      switch element {
      case .operand(let word) where word.contains("="):
        throw refuse("\"\(word)\" is not an option of sudo", "use the task's environment: for variables")
      case .operand(let word): throw refuse("\"\(word)\" is not an option of sudo", Self.honoured)
      case .option(let written, let value, let effect): try take(written, value, effect, refuse)
      }
    }
    if kept.contains(where: { $0 == "-i" || $0 == "--login" }), kept.contains(where: { $0 == "-E" || $0 == "--preserve-env" }) {
      throw refuse("sudo's -i and -E contradict each other", "a login shell has an environment of its own: leave one out")
    }
  }

  private mutating func take(_ written: String, _ value: String?, _ effect: Effect, _ refuse: Refuse) throws {
    switch effect {
    case .drop: break
    case .user: user = value
    case .refuse(let reason): throw refuse("sudo's \(written) cannot be used: \(reason)", Self.honoured)
    case .keep:
      // The only option kept whose value may be missing has to have it in the same word.
      if written == "--preserve-env" {
        kept.append(value.map { "\(written)=\($0)" } ?? written)
      } else {
        kept += [written] + (value.map { [$0] } ?? [])
      }
    }
  }
}
