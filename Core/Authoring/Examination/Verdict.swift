/// What one check came to: a line for people, and for CI.
public struct Verdict: Equatable, Sendable, CustomStringConvertible {
  public enum Grade: String, Sendable {
    case ok
    /// Nothing is wrong; the author may want to know.
    case note
    case fail = "FAIL"
  }

  public var grade: Grade
  /// What was looked at: "exports", "plan of acme: no bytes".
  public var item: String
  public var text: String

  public var description: String {
    let grade = grade.rawValue + String(repeating: " ", count: 6 - grade.rawValue.count)
    // Words of a plugin must neither break the line nor speak to the terminal.
    let line = text.split(whereSeparator: \.isNewline).joined(separator: " / ").unicodeScalars
    let text = String(String.UnicodeScalarView(line.map { $0.properties.generalCategory == .control ? "?" : $0 }))
    return "\(grade)\(item): \(text)"
  }
}
