/// The last of what a child said, for messages: secrets are masked and control characters left out, since a program
/// on the other side may echo an answer, and its words end up on the user's terminal.
package struct Transcript: Sendable {
  package static let limit = 8192
  /// Of the last lines, for a message.
  static let lines = 3
  static let characters = 500

  private let secrets: [[UInt8]]
  /// Kept beyond `limit`, so that a secret at the front is still recognised when its beginning would be cut off.
  private let margin: Int
  private(set) var bytes: [UInt8] = []
  private var hasLostItsFront = false

  init(secrets: [[UInt8]]) {
    // The longest first: one may be the beginning of another.
    self.secrets = secrets.filter { !$0.isEmpty }.sorted { $0.count > $1.count }
    margin = self.secrets.first?.count ?? 0
  }

  mutating func append(_ more: some Collection<UInt8>) {
    bytes.append(contentsOf: more)
    if bytes.count > Self.limit + margin {
      bytes.removeFirst(bytes.count - Self.limit - margin)
      hasLostItsFront = true
    }
  }

  mutating func removeLast(_ count: Int) {
    bytes.removeLast(min(count, bytes.count))
  }

  /// All that is kept, as text that can be shown.
  var text: String { shown(bytes, from: hasLostItsFront ? margin : 0) }

  /// The last lines that say something, joined by `; `.
  var lastSeen: String {
    let lines = text.unicodeScalars
      .split { $0 == "\n" || $0 == "\r" }
      .map(trimmed)
      .filter { !$0.isEmpty }
    let joined = lines.suffix(Self.lines).joined(separator: "; ")
    let scalars = joined.unicodeScalars
    return scalars.count <= Self.characters ? joined : "..." + String(String.UnicodeScalarView(scalars.suffix(Self.characters)))
  }

  func shown(_ bytes: [UInt8]) -> String { shown(bytes, from: 0) }

  private func shown(_ bytes: [UInt8], from start: Int) -> String {
    var masked: [UInt8] = []
    var at = 0
    while at < bytes.count {
      if let secret = secrets.first(where: { bytes[at...].starts(with: $0) }) {
        if at >= start { masked.append(contentsOf: Array("<secret>".utf8)) }
        at += secret.count
      } else {
        if at >= start { masked.append(bytes[at]) }
        at += 1
      }
    }
    return withoutControls(String(decoding: masked, as: UTF8.self))
  }

  private func trimmed(_ line: Substring.UnicodeScalarView.SubSequence) -> String {
    let isBlank: (Unicode.Scalar) -> Bool = { $0 == " " || $0 == "\t" }
    var line = line.drop(while: isBlank)
    while let last = line.last, isBlank(last) { line.removeLast() }
    return String(line)
  }

  /// Leaves out escape sequences (ESC `[` up to a letter) and all other control characters but newline and tab.
  private func withoutControls(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      if scalar == "\u{1b}", rest.first == "[" {
        rest.removeFirst()
        while let parameter = rest.popFirst(), !("@"..."~").contains(parameter) {}
      } else if scalar == "\n" || scalar == "\r" || scalar == "\t" || !isControl(scalar) {
        result.append(scalar)
      }
    }
    return String(result)
  }

  private func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
  }
}

/// It holds secrets, and what may repeat them.
extension Transcript: CustomStringConvertible, CustomReflectable {
  package var description: String { text }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
