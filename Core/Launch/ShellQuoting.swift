/// Joins a command line into one string for a login shell that nobody has asked about: sh, bash, zsh, fish, tcsh.
///
/// ssh and `su -c` take a string and hand it to the account's shell. What all five read alike, tried with each:
/// text in single quotes, as long as it has no quote (ends it), backslash (fish reads `\\` and `\'` in there),
/// `!` (tcsh looks up its history in there too) or newline (tcsh: "Unmatched '"). The first three are written
/// outside of quotes behind a backslash. For a newline there is no common form, so such a command goes through
/// /bin/sh. The Python launcher has the same function; both read `Tests/Vectors/quoting.json`.
public enum ShellQuoting {
  /// The words must not hold NUL: no command line can.
  public static func join(_ words: [String]) -> String {
    guard words.contains(where: { $0.utf8.contains(newline) }) else {
      return words.enumerated().map { quote($1, isCommand: $0 == 0) }.joined(separator: " ")
    }
    // sh strips newlines from the end of what a command printed, hence the x.
    var script = "n=$(printf \"\\012x\");n=${n%x};exec"
    for word in words {
      script += " "
      // By bytes: as a Character, "\r\n" is not a newline.
      script += word.utf8.split(separator: newline, omittingEmptySubsequences: false)
        .map { $0.isEmpty ? "" : quote(String(decoding: $0, as: UTF8.self), isCommand: true) }
        .joined(separator: "\"$n\"")
    }
    return join(["/bin/sh", "-c", script])
  }

  private static let newline = UInt8(ascii: "\n")

  /// - Parameter isCommand: a bare first word could be a shell's keyword or an alias; in quotes it cannot.
  private static func quote(_ word: String, isCommand: Bool) -> String {
    if word.isEmpty { return "''" }
    if word.utf8.allSatisfy(isPlain) && (!isCommand || word.utf8.contains(UInt8(ascii: "/"))) { return word }
    var result: [UInt8] = []
    var isOpen = false
    func toggle() {
      result.append(UInt8(ascii: "'"))
      isOpen.toggle()
    }
    for byte in word.utf8 {
      switch byte {
      case UInt8(ascii: "'"), UInt8(ascii: "\\"), UInt8(ascii: "!"):
        if isOpen { toggle() }
        result.append(UInt8(ascii: "\\"))
      default:
        if !isOpen { toggle() }
      }
      result.append(byte)
    }
    if isOpen { toggle() }
    return String(decoding: result, as: UTF8.self)
  }

  /// Bytes that no shell gives a meaning, at any place of a word.
  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "-"),
      UInt8(ascii: ","), UInt8(ascii: ":"):
      true
    default: false
    }
  }
}
