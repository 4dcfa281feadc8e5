/// The words of a command line with the places where they stand in it, by a POSIX shell's rules for quotes.
///
/// Nothing is expanded. What separates commands, redirects or groups them stands between words and is none.
struct ShellWords {
  struct Word: Equatable {
    /// Without quotes.
    var text: String
    /// With them, in the line.
    var range: Range<String.Index>
  }

  private(set) var all: [Word] = []
  /// One command of nothing but words: no operators, no expansions, no assignment before it.
  private(set) var isSimple = true

  private static let operators: Set<Character> = [";", "&", "|", "<", ">", "(", ")", "\n"]
  /// What a shell would expand, outside of quotes; of these `$` and the backquote inside double quotes as well.
  private static let expanding: Set<Character> = ["$", "`", "*", "?", "[", "~", "#", "!", "{", "}"]
  /// Commands of the shell itself, which `exec` would look for as programs.
  private static let builtIn: Set<String> = [".", "builtin", "command", "eval", "exec", "source"]

  init(_ line: String) throws(CommandTemplate.Problem) {
    var text = ""
    var start: String.Index?
    var at = line.startIndex

    func peek() -> Character? { at < line.endIndex ? line[at] : nil }
    func take() -> Character? {
      guard at < line.endIndex else { return nil }
      defer { at = line.index(after: at) }
      return line[at]
    }
    func endWord(_ end: String.Index) {
      if let begin = start { all.append(Word(text: text, range: begin..<end)) }
      (text, start) = ("", nil)
    }

    while let character = peek() {
      let here = at
      _ = take()
      switch character {
      case " ", "\t": endWord(here)
      case "'":
        start = start ?? here
        while true {
          guard let next = take() else { throw .unfinishedQuote }
          if next == "'" { break }
          text.append(next)
        }
      case "\"":
        start = start ?? here
        while true {
          guard var next = take() else { throw .unfinishedQuote }
          if next == "\"" { break }
          if next == "$" || next == "`" { isSimple = false }
          if next == "\\", let escaped = peek(), "\"\\$`".contains(escaped) { next = take() ?? next }
          text.append(next)
        }
      case "\\":
        start = start ?? here
        guard let next = take() else { throw .unfinishedQuote }
        text.append(next)
      case let sign where Self.operators.contains(sign):
        endWord(here)
        isSimple = false
      default:
        if Self.expanding.contains(character) { isSimple = false }
        start = start ?? here
        text.append(character)
      }
    }
    endWord(at)
    if let first = all.first, first.text.contains("=") || Self.builtIn.contains(first.text) { isSimple = false }
  }
}
