/// The words of `ssh_args`, `ssh_common_args` and `ssh_extra_args`, without those that would take the link away
/// from us: Ansible's own default (`-C -o ControlMaster=auto -o ControlPersist=60s`) holds three of them.
///
/// Follows ssh's own option grammar, so that a value is never taken for an option.
struct SSHArguments {
  /// What goes on to ssh, in the order written.
  private(set) var words: [String] = []
  private(set) var namesControlPath = false

  /// ssh(1): options that take a value, in the same word or in the next.
  private static let withValue = Set("BbcDEeFIiJLlmOopPQRSWw")
  /// `-C`: the link compresses. `-M`: master. `-t`: a terminal would change the bytes. `-T` is given anyway.
  /// `-q` would silence the messages by which a failure is explained.
  private static let dropped = Set("CMtTq")

  init(_ written: [String]) throws {
    var rest = written[...]
    while let word = rest.popFirst() {
      guard word.hasPrefix("-"), word.count > 1 else {
        words.append(word)
        continue
      }
      var kept = ""
      var letters = word.dropFirst()
      while let letter = letters.popFirst() {
        guard Self.withValue.contains(letter) else {
          if !Self.dropped.contains(letter) { kept.append(letter) }
          continue
        }
        let value = letters.isEmpty ? rest.popFirst() : String(letters)
        if !kept.isEmpty { words.append("-" + kept) }
        kept = ""
        option(letter, value)
        break
      }
      if !kept.isEmpty { words.append("-" + kept) }
    }
  }

  private mutating func option(_ letter: Character, _ value: String?) {
    if letter == "S" { namesControlPath = true }
    if letter == "o", let value {
      let keyword = value.prefix { $0 != "=" && !$0.isWhitespace }.lowercased()
      switch keyword {
      case "controlmaster", "controlpersist", "requesttty": return
      case "controlpath": namesControlPath = true
      default: break
      }
    }
    words.append("-\(letter)")
    if let value { words.append(value) }
  }
}
