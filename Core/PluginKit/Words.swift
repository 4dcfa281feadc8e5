/// Splits a command line into words by the rules of Python's `shlex.split`, which Ansible uses for `ssh_args` and
/// the like: quotes and backslashes, no expansion, no comments.
public enum Words {
  public enum Unfinished: Error, CustomStringConvertible {
    case quote, escape
    public var description: String {
      switch self {
      case .quote: "a quote is not closed"
      case .escape: "nothing follows the last backslash"
      }
    }
  }

  public static func split(_ text: String) throws -> [String] {
    var words: [String] = []
    var word: String.UnicodeScalarView?
    var quote: Unicode.Scalar?
    var escaped = false
    for scalar in text.unicodeScalars {
      if escaped {
        escaped = false
        // Between double quotes a backslash stands for itself unless it precedes a quote or a backslash.
        if quote == "\"", scalar != "\"", scalar != "\\" { word?.append("\\") }
        word?.append(scalar)
        continue
      }
      switch (quote, scalar) {
      case ("'", "'"), ("\"", "\""): quote = nil
      case (nil, "'"), (nil, "\""):
        quote = scalar
        word = word ?? .init()
      case (nil, "\\"), ("\"", "\\"):
        escaped = true
        word = word ?? .init()
      case (nil, " "), (nil, "\t"), (nil, "\r"), (nil, "\n"):
        if let done = word { words.append(String(done)) }
        word = nil
      default:
        word = word ?? .init()
        word?.append(scalar)
      }
    }
    if quote != nil { throw Unfinished.quote }
    if escaped { throw Unfinished.escape }
    if let done = word { words.append(String(done)) }
    return words
  }

  /// Without the blanks around it.
  public static func trimmed(_ text: Substring) -> String {
    var rest = text
    while rest.first?.isWhitespace == true { rest.removeFirst() }
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return String(rest)
  }
}
