import PluginKit

/// `become_flags`, read by sudo's own option grammar.
///
/// -E -H -i -r -t -u have their effect. -S and -n are what Ansible's default holds: how a password is asked for is
/// decided here, so they are dropped. Any other is refused by name, since it would change what is run or how.
struct SudoFlags {
  /// What goes on to sudo, in the order written.
  private(set) var kept: [String] = []
  private(set) var user: String?

  private enum Effect { case keep, keepWithValue, user, drop }

  /// sudo(8): a letter, its long name, and what becomes of it here.
  private static let known: [(letter: Character, name: String, effect: Effect)] = [
    ("E", "preserve-env", .keep), ("H", "set-home", .keep), ("i", "login", .keep), ("r", "role", .keepWithValue),
    ("t", "type", .keepWithValue), ("u", "user", .user), ("S", "stdin", .drop), ("n", "non-interactive", .drop),
  ]
  private static let honoured = "-E -H -i -r -t -u (and -S -n, which have no effect) can be used"

  typealias Refuse = (_ problem: String, _ hint: String) -> PluginRefusal

  init(_ words: [String], refuse: Refuse) throws {
    var rest = words[...]
    while let word = rest.popFirst() {
      if word.hasPrefix("--") {
        try long(word, &rest, refuse)
      } else if word.hasPrefix("-"), word.count > 1 {
        try short(word, &rest, refuse)
      } else {
        throw refuse("\"\(word)\" is not an option of sudo", Self.honoured)
      }
    }
    let login = kept.contains { $0 == "-i" || $0 == "--login" }
    if login, kept.contains(where: { $0 == "-E" || $0.hasPrefix("--preserve-env") }) {
      throw refuse("sudo's -i and -E contradict each other", "a login shell has an environment of its own: leave one out")
    }
  }

  /// A cluster such as `-HE`; a value stands in the same word (`-uroot`) or the next.
  private mutating func short(_ word: String, _ rest: inout ArraySlice<String>, _ refuse: Refuse) throws {
    var letters = word.dropFirst()
    while let letter = letters.popFirst() {
      guard let option = Self.known.first(where: { $0.letter == letter }) else {
        throw refuse("sudo's -\(letter) is not supported", Self.honoured)
      }
      switch option.effect {
      case .keep: kept.append("-\(letter)")
      case .drop: break
      case .keepWithValue, .user:
        guard let value = letters.isEmpty ? rest.popFirst() : String(letters) else {
          throw refuse("sudo's -\(letter) needs a value", Self.honoured)
        }
        take(option.effect, "-\(letter)", value)
        return
      }
    }
  }

  /// `--login`, `--role=ROLE`, `--role ROLE`.
  private mutating func long(_ word: String, _ rest: inout ArraySlice<String>, _ refuse: Refuse) throws {
    let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard let option = Self.known.first(where: { $0.name == parts[0] }) else {
      throw refuse("sudo's --\(parts[0]) is not supported", Self.honoured)
    }
    switch option.effect {
    // `--preserve-env=LIST` is the one whose value may be left out.
    case .keep: kept.append(option.name == "preserve-env" ? word : "--\(option.name)")
    case .drop: break
    case .keepWithValue, .user:
      guard let value = parts.count == 2 ? parts[1] : rest.popFirst() else {
        throw refuse("sudo's --\(option.name) needs a value", Self.honoured)
      }
      take(option.effect, "-\(option.letter)", value)
    }
  }

  private mutating func take(_ effect: Effect, _ flag: String, _ value: String) {
    if effect == .user { user = value } else { kept += [flag, value] }
  }
}
