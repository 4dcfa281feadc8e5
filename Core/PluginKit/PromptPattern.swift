/// A regular expression as a prompt rule, as far as that goes: text with gaps (`.*`), alternatives and anchors.
///
/// Ansible's become plugins tell some of their prompts as expressions; rules have none, since two languages must agree
/// on what they mean. What is more than text and gaps is `nil`, for the caller to refuse by name.
public struct PromptPattern: Sendable, Equatable {
  public var match: LaunchPlan.PromptRule.Match
  public var text: String
  public var prefix: String?

  public func rule(send slot: String, on source: String? = nil) -> LaunchPlan.PromptRule {
    .init(match: match, text: text, prefix: prefix, then: .send(slot: slot), on: source)
  }

  /// One for each alternative; `nil` where the expression is more than text and gaps.
  public static func all(_ expression: String) -> [PromptPattern]? {
    var patterns: [PromptPattern] = []
    for alternative in alternatives(expression) {
      guard let pattern = PromptPattern(alternative) else { return nil }
      patterns.append(pattern)
    }
    return patterns
  }

  /// - Parameter expression: one alternative.
  init?(_ expression: String) {
    var rest = expression[...]
    if rest.hasPrefix("(?i)") { rest = rest.dropFirst(4) }
    let isAnchored = rest.hasPrefix("^")
    if isAnchored { rest = rest.dropFirst() }
    guard let pieces = Self.pieces(rest), let last = pieces.last(where: { !$0.isEmpty }) else { return nil }
    let first = pieces[0]
    text = last
    if first.isEmpty {
      match = .contains
    } else if pieces.count(where: { !$0.isEmpty }) == 1 {
      match = isAnchored ? .prefix : .contains
    } else {
      // Ansible matches from the beginning of what was said; so does this.
      match = .afterPrefix
      prefix = first
    }
  }

  /// The texts between the gaps.
  private static func pieces(_ expression: Substring) -> [String]? {
    var pieces = [""]
    var rest = expression
    while let character = rest.popFirst() {
      switch character {
      case "\\":
        guard let escaped = rest.popFirst() else { return nil }
        if escaped.isLetter || escaped.isNumber {
          guard "sSwWdD".contains(escaped) else { return nil }
          gap(&rest)
          pieces.append("")
        } else {
          pieces[pieces.count - 1].append(escaped)
        }
      case ".":
        gap(&rest)
        pieces.append("")
      case "$": if !rest.isEmpty { return nil }
      case "*", "+", "?", "[", "]", "(", ")", "{", "}", "^": return nil
      default:
        // A character that may be missing or repeated is no text.
        if let next = rest.first, "*+?{".contains(next) { return nil }
        pieces[pieces.count - 1].append(character)
      }
    }
    return pieces
  }

  /// How often what may stand in a gap may stand there.
  private static func gap(_ rest: inout Substring) {
    while let next = rest.first, "*+?".contains(next) { rest.removeFirst() }
  }

  /// Split at each `|` that is not escaped.
  private static func alternatives(_ expression: String) -> [String] {
    var result = [""]
    var isEscaped = false
    for character in expression {
      if character == "|", !isEscaped {
        result.append("")
      } else {
        result[result.count - 1].append(character)
      }
      isEscaped = character == "\\" && !isEscaped
    }
    return result
  }
}
