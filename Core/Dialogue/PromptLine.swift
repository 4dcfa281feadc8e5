import Plans

/// Cuts what one descriptor says into lines for the prompt rules.
///
/// A prompt is what stands in the last line with nothing behind it. Both `\n` and `\r` end a line.
package struct PromptLine: Sendable {
  /// A longer line loses its front: prompts are short, and noise must not fill the memory.
  static let limit = 4096

  package private(set) var bytes: [UInt8] = []
  /// The same with ASCII letters in lower case: each new byte may complete a prompt, so it is made only once.
  fileprivate private(set) var folded: [UInt8] = []
  fileprivate private(set) var hasLostItsFront = false

  package init() {}

  /// - Returns: true when the byte ended the line; it is then still there, for the rules to look at, until `clear`.
  package mutating func append(_ byte: UInt8) -> Bool {
    if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") { return true }
    if bytes.count == Self.limit {
      bytes.removeFirst(Self.limit / 2)
      folded.removeFirst(Self.limit / 2)
      hasLostItsFront = true
    }
    bytes.append(byte)
    folded.append(byte.asciiLowercased)
    return false
  }

  package mutating func clear() {
    bytes.removeAll(keepingCapacity: true)
    folded.removeAll(keepingCapacity: true)
    hasLostItsFront = false
  }
}

/// A rule of a plan, made ready to be compared.
package struct PromptMatcher: Sendable {
  package let rule: LaunchPlan.PromptRule
  private let text: [UInt8]
  private let prefix: [UInt8]

  package init(_ rule: LaunchPlan.PromptRule) {
    self.rule = rule
    text = rule.text.utf8.map(\.asciiLowercased)
    prefix = (rule.prefix ?? "").utf8.map(\.asciiLowercased)
  }

  package func matches(_ line: PromptLine) -> Bool {
    switch rule.match {
    case .contains: line.folded.contains(run: text, from: 0)
    case .prefix: !line.hasLostItsFront && line.folded.starts(with: text)
    case .afterPrefix:
      !line.hasLostItsFront && line.folded.starts(with: prefix) && line.folded.contains(run: text, from: prefix.count)
    }
  }
}

extension UInt8 {
  var asciiLowercased: UInt8 { self >= 0x41 && self <= 0x5a ? self + 0x20 : self }
}

extension [UInt8] {
  /// An empty run is contained in everything.
  func contains(run: [UInt8], from start: Int) -> Bool {
    guard let first = run.first else { return true }
    guard count >= start + run.count else { return false }
    var at = start
    while at <= count - run.count {
      if self[at] == first, self[at..<at + run.count].elementsEqual(run) { return true }
      at += 1
    }
    return false
  }
}
