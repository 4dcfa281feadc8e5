import PluginKit

/// `become_flags`, read by su's own option grammar.
///
/// -f -g -G -l (also as `-`) -m -p -s -w have their effect. -P and -T are about a terminal, and what runs here has
/// none, so they are dropped. Any other is refused by name.
struct SuFlags {
  static let help = "Options of su: - -f -g -G -l -m -p -s and -w have their effect, -P and -T need not be given."

  /// What goes on to su, in the order written, with a lone `-` last: the BSDs' su reads no option behind it.
  private(set) var kept: [String] = []

  private enum Effect {
    case keep, login, preserve, drop
    /// With the reason.
    case refuse(String)
  }

  /// su(1) of util-linux; `-u` is runuser's.
  private static let grammar = OptionGrammar<Effect>([
    .init("c", "command", .required, ours), .init("", "session-command", .required, ours),
    .init("f", "fast", .none, .keep), .init("g", "group", .required, .keep), .init("G", "supp-group", .required, .keep),
    .init("l", "login", .none, .login), .init("mp", "preserve-environment", .none, .preserve),
    .init("P", "pty", .none, .drop), .init("T", "no-pty", .none, .drop), .init("s", "shell", .required, .keep),
    .init("u", "user", .required, .refuse("the account has a variable of its own")),
    .init("w", "whitelist-environment", .required, .keep), .init("h", "help", .none, noCommand),
    .init("V", "version", .none, noCommand),
  ])
  private static let ours = Effect.refuse("the command is the node's")
  private static let noCommand = Effect.refuse("with it su runs no command")
  private static let honoured = "- -f -g -G -l -m -p -s -w (and -P -T, which have no effect) can be used"

  typealias Refuse = (_ problem: String, _ hint: String) -> PluginRefusal

  init(_ words: [String], accountVariable: String, refuse: Refuse) throws {
    let elements: [OptionGrammar<Effect>.Element]
    do {
      elements = try Self.grammar.read(words)
    } catch {
      throw refuse("su: \(error)", Self.honoured)
    }
    var login: String?
    var preserve: String?
    var hasDash = false
    for element in elements {
      switch element {
      case .operand("-"):
        login = "-"
        hasDash = true
      case .operand(let word):
        throw refuse("\"\(word)\" is not an option of su", "the account is given by \(accountVariable)")
      case .option(let written, let value, let effect):
        switch effect {
        case .drop: continue
        case .refuse(let reason): throw refuse("su's \(written) cannot be used: \(reason)", Self.honoured)
        case .login: login = written
        case .preserve: preserve = written
        case .keep: break
        }
        kept += [written] + (value.map { [$0] } ?? [])
      }
    }
    if hasDash { kept.append("-") }
    if let login, let preserve {
      throw refuse(
        "su's \(login) and \(preserve) contradict each other",
        "a login shell has an environment of its own: leave one out, or name what is to stay with -w")
    }
  }
}
