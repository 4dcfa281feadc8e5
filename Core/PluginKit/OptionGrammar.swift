/// The options of a program, read by the rules of getopt_long(3): letters in clusters, a value in the same word or in
/// the next, long names and their unambiguous beginnings.
///
/// `Effect` is what the caller does about an option. Where a program has a letter and a long name that differ (sudo's
/// `-h HOST` and `--help`), they are two entries.
public struct OptionGrammar<Effect: Sendable>: Sendable {
  public enum Value: Sendable {
    case none, required
    /// Only in the same word: `-hHOST`, `--preserve-env=LIST`.
    case optional
  }

  public struct Option: Sendable {
    public var letters: String
    public var name: String?
    public var value: Value
    public var effect: Effect

    /// - Parameters:
    ///   - letters: all that mean the same; empty for an option that has a long name only.
    ///   - name: the long one, without its hyphens.
    ///   - value: whether one follows.
    ///   - effect: what the caller does about it.
    public init(_ letters: String, _ name: String? = nil, _ value: Value = .none, _ effect: Effect) {
      self.letters = letters
      self.name = name
      self.value = value
      self.effect = effect
    }
  }

  public enum Element: Sendable {
    /// - Parameter written: the option without its value: `-u`, or `--user` where it was written long.
    case option(written: String, value: String?, effect: Effect)
    /// A word that is no option, a lone `-`, or `--`.
    case operand(String)
  }

  public enum Mistake: Error, Equatable, CustomStringConvertible {
    case unknown(String)
    case ambiguous(String, [String])
    case noValue(String)
    case needlessValue(String)

    public var description: String {
      switch self {
      case .unknown(let option): "\(option) is not one of its options"
      case .ambiguous(let option, let possible): "\(option) could be \(possible.joined(separator: " or "))"
      case .noValue(let option): "\(option) needs a value"
      case .needlessValue(let option): "\(option) takes no value"
      }
    }
  }

  private let options: [Option]

  public init(_ options: [Option]) {
    self.options = options
  }

  /// What the words mean, in the order written.
  public func read(_ words: [String]) throws(Mistake) -> [Element] {
    var elements: [Element] = []
    var rest = words[...]
    while let word = rest.popFirst() {
      if word.hasPrefix("--"), word.count > 2 {
        elements.append(try long(word, &rest))
      } else if word.hasPrefix("-"), word.count > 1, word != "--" {
        try cluster(word, &rest, &elements)
      } else {
        elements.append(.operand(word))
      }
    }
    return elements
  }

  private func cluster(_ word: String, _ rest: inout ArraySlice<String>, _ elements: inout [Element]) throws(Mistake) {
    var letters = word.dropFirst()
    while let letter = letters.popFirst() {
      let written = "-\(letter)"
      guard let option = options.first(where: { $0.letters.contains(letter) }) else { throw .unknown(written) }
      if option.value == .none {
        elements.append(.option(written: written, value: nil, effect: option.effect))
        continue
      }
      var value: String? = letters.isEmpty ? nil : String(letters)
      if value == nil, option.value == .required {
        value = rest.popFirst()
        if value == nil { throw .noValue(written) }
      }
      elements.append(.option(written: written, value: value, effect: option.effect))
      return
    }
  }

  private func long(_ word: String, _ rest: inout ArraySlice<String>) throws(Mistake) -> Element {
    let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let option = try named(parts[0])
    let written = "--\(option.name ?? parts[0])"
    var value = parts.count == 2 ? parts[1] : nil
    if value != nil, option.value == .none { throw .needlessValue(written) }
    if value == nil, option.value == .required {
      value = rest.popFirst()
      if value == nil { throw .noValue(written) }
    }
    return .option(written: written, value: value, effect: option.effect)
  }

  /// The whole name, or a beginning that only one name has.
  private func named(_ beginning: String) throws(Mistake) -> Option {
    if let exact = options.first(where: { $0.name == beginning }) { return exact }
    let possible = options.filter { $0.name?.hasPrefix(beginning) ?? false }
    guard let first = possible.first else { throw .unknown("--\(beginning)") }
    guard possible.count == 1 else { throw .ambiguous("--\(beginning)", possible.map { "--\($0.name ?? "")" }) }
    return first
  }
}
