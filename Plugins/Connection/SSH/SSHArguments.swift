/// The words of `ssh_args`, `ssh_common_args` or `ssh_extra_args`, without those that would take the link away
/// from us: Ansible's own default (`-C -o ControlMaster=auto -o ControlPersist=60s`) holds three of them.
///
/// Follows ssh's own option grammar, so that a value is never taken for an option.
struct SSHArguments {
  /// What goes on to ssh, in the order written.
  private(set) var words: [String] = []
  private(set) var namesControlPath = false
  /// The hosts of `-J` and `ProxyJump`, without account and port.
  private(set) var jumpHosts: [String] = []

  /// ssh(1): options that take a value, in the same word or in the next.
  private static let withValue = Set("BbcDEeFIiJLlmOopPQRSWw")
  /// `-C`: the link compresses. `-M`: master. `-t`: a terminal would change the bytes; `-T` is given anyway.
  /// `-q` would silence the messages by which a failure is explained. `-f`, `-n`, `-N` and `-s` leave no command,
  /// or none that we could talk to.
  private static let dropped = Set("CMtTqfnNs")
  /// The same by their long names.
  private static let droppedKeywords: Set = [
    "controlmaster", "controlpersist", "requesttty", "remotecommand", "sessiontype", "stdinnull", "forkafterauthentication",
  ]

  init(_ written: [String]) {
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
    switch (letter, value) {
    case ("S", _): namesControlPath = true
    case ("J", let route?): addJumps(route)
    case ("o", let value?):
      let text = value.drop(while: \.isWhitespace)
      let keyword = text.prefix { $0 != "=" && !$0.isWhitespace }
      let setting = text.dropFirst(keyword.count).drop { $0 == "=" || $0.isWhitespace }
      guard keep(keyword.lowercased(), String(setting)) else { return }
    default: break
    }
    words.append("-\(letter)")
    if let value { words.append(value) }
  }

  private mutating func keep(_ keyword: String, _ value: String) -> Bool {
    switch keyword {
    case "controlpath": namesControlPath = true
    case "proxyjump": addJumps(value)
    // As with -q.
    case "loglevel": return !["quiet", "fatal"].contains(value.lowercased())
    default: return !Self.droppedKeywords.contains(keyword)
    }
    return true
  }

  /// `[user@]host[:port]` or `ssh://[user@]host[:port]`, several with commas; `none` is no jump.
  private mutating func addJumps(_ route: String) {
    guard route.lowercased() != "none" else { return }
    for hop in route.split(separator: ",") {
      var place = hop.hasPrefix("ssh://") ? hop.dropFirst(6) : hop
      if let at = place.lastIndex(of: "@") { place = place[place.index(after: at)...] }
      if place.hasPrefix("[") {
        place = place.dropFirst().prefix { $0 != "]" }
      } else {
        place = place.prefix { $0 != ":" }
      }
      if !place.isEmpty { jumpHosts.append(String(place)) }
    }
  }
}
