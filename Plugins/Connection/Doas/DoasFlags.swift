import PluginKit

/// `become_flags`, read by doas' own option grammar, which has letters only.
///
/// -a (OpenBSD's login style) and -u have their effect. -n is decided here, so it is dropped. Any other is refused by
/// name: with it doas does something else than to run a command.
struct DoasFlags {
  static let help = "Options of doas: -a and -u have their effect, -n need not be given."

  /// What goes on to doas, in the order written.
  private(set) var kept: [String] = []
  private(set) var user: String?

  private enum Effect {
    case keep, user, drop
    /// With the reason.
    case refuse(String)
  }

  /// doas(1) of OpenBSD and of OpenDoas, whose older versions had -v.
  private static let grammar = OptionGrammar<Effect>([
    .init("a", nil, .required, .keep), .init("u", nil, .required, .user), .init("n", nil, .none, .drop),
    .init("C", nil, .required, .refuse("with it doas only checks a configuration")),
    .init("L", nil, .none, .refuse("with it doas only forgets passwords")),
    .init("s", nil, .none, .refuse("there is to be no shell in between")),
    .init("v", nil, .none, .refuse("with it doas only tells its version")),
  ])
  private static let honoured = "-a -u (and -n, which has no effect) can be used"

  typealias Refuse = (_ problem: String, _ hint: String) -> PluginRefusal

  init(_ words: [String], accountVariable: String, refuse: Refuse) throws {
    let elements: [OptionGrammar<Effect>.Element]
    do {
      elements = try Self.grammar.read(words)
    } catch {
      throw refuse("doas: \(error)", Self.honoured)
    }
    for element in elements {
      switch element {
      case .operand(let word):
        throw refuse("\"\(word)\" is not an option of doas", "the account is given by \(accountVariable)")
      case .option(_, _, .drop): break
      case .option(_, let value, .user): user = value
      case .option(let written, let value, .keep): kept += [written] + (value.map { [$0] } ?? [])
      case .option(let written, _, .refuse(let reason)):
        throw refuse("doas' \(written) cannot be used: \(reason)", Self.honoured)
      }
    }
  }
}
