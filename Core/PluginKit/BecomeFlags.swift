/// `become_flags` of a program that changes the account, read by the program's own grammar: each option goes on to the
/// program, is left out, or is refused by name.
public struct BecomeFlags {
  /// What is done about an option.
  public enum Effect: Sendable {
    /// It goes on.
    case keep
    /// It goes on, and makes a login shell. That has an environment of its own, which contradicts `preserve`.
    case login
    /// It goes on, and keeps the environment: all of it, or what its value names, which must stay in the same word.
    case preserve
    /// Its value is the account.
    case account
    /// What it is about is decided by the plugin.
    case drop
    /// With the reason.
    case refuse(String)
  }

  /// What the flags of one program may be.
  public struct Rules: Sendable {
    let program: String
    let grammar: OptionGrammar<Effect>
    let honoured: String
    let operandHint: @Sendable (String, AccountRole) -> String
    let dashIsLogin: Bool

    /// - Parameters:
    ///   - program: its name, for messages.
    ///   - options: those that it has.
    ///   - honoured: what can be used, for hints.
    ///   - operandHint: what to do instead of a word that is no option.
    ///   - dashIsLogin: a lone `-` makes a login shell. It goes on behind all others: the BSDs' su reads no option after it.
    public init(
      of program: String, _ options: [OptionGrammar<Effect>.Option], honoured: String, dashIsLogin: Bool = false,
      operandHint: @escaping @Sendable (_ word: String, _ role: AccountRole) -> String = { "the account is given by \($1.accountVariable)" }
    ) {
      self.program = program
      grammar = OptionGrammar(options)
      self.honoured = "\(honoured) can be used"
      self.operandHint = operandHint
      self.dashIsLogin = dashIsLogin
    }

    var possessive: String { program.hasSuffix("s") ? "\(program)'" : "\(program)'s" }
  }

  /// What goes on to the program, in the order written.
  public private(set) var kept: [String] = []
  public private(set) var user: String?

  public init(_ options: Options, for role: AccountRole, by rules: Rules) throws {
    func refusal(_ problem: String, _ hint: String = rules.honoured) -> PluginRefusal {
      options.refusal("become_flags", problem, hint)
    }
    let words = try options.words("become_flags")
    let elements: [OptionGrammar<Effect>.Element]
    do {
      elements = try rules.grammar.read(words)
    } catch {
      throw refusal("\(rules.program): \(error)")
    }
    var login: String?
    var preserve: String?
    var hasDash = false
    for element in elements {
      switch element {
      case .operand("-") where rules.dashIsLogin:
        login = "-"
        hasDash = true
      case .operand(let word): throw refusal("\"\(word)\" is not an option of \(rules.program)", rules.operandHint(word, role))
      case .option(let written, _, .refuse(let reason)): throw refusal("\(rules.possessive) \(written) cannot be used: \(reason)")
      case .option(_, _, .drop): break
      case .option(_, let value, .account): user = value
      case .option(let written, let value?, .preserve): kept.append("\(written)=\(value)")
      case .option(let written, let value, let effect):
        if case .login = effect { login = written }
        if case .preserve = effect { preserve = written }
        kept += [written] + (value.map { [$0] } ?? [])
      }
    }
    if hasDash { kept.append("-") }
    if let login, let preserve {
      throw refusal(
        "\(rules.possessive) \(login) and \(preserve) contradict each other",
        "a login shell has an environment of its own: leave one out, or name what is to stay (sudo's --preserve-env=LIST, su's -w)")
    }
  }
}
