import PluginKit

/// A command line with one place in it for another command, as Ansible's become plugins build it, turned into an argv.
///
/// Such a line is quoted for one shell or for several, one inside the other:
///
///     dzdo -u root /bin/sh -c 'echo SUCCESS ; PLACE'
///     su root -c '/bin/sh -c '"'"'echo SUCCESS ; PLACE'"'"''
///
/// The node's command is not known here, and cannot be quoted here. So the outermost shell gets it as a parameter, and
/// the word around the place becomes one that the shell itself puts together: `'umask 77; '"$1"`. A shell inside that
/// would do nothing but run the node's command is left out.
struct CommandTemplate {
  let argv: [LaunchPlan.Argument]

  enum Problem: Error, Equatable, CustomStringConvertible {
    case noPlace, severalPlaces, deepPlace, unfinishedQuote

    var description: String {
      switch self {
      case .noPlace: "the command to run is not in it"
      case .severalPlaces: "the command to run is in it more than once"
      case .deepPlace: "the command to run is quoted twice, with more beside it"
      case .unfinishedQuote: "a quote in it is not closed"
      }
    }
  }

  init(_ line: String, placeholder: String, success: String?) throws(Problem) {
    let reader = TemplateReader(placeholder: placeholder, success: success)
    let words = try ShellWords(line)
    let places = words.all.filter { $0.text.contains(placeholder) }
    guard let place = places.first else { throw .noPlace }
    guard places.count == 1, reader.count(in: place.text) == 1 else { throw .severalPlaces }

    let before = line[..<place.range.lowerBound]
    let after = line[place.range.upperBound...]
    // A line that is one simple command needs no shell to stay and wait for it.
    let exec = words.isSimple ? "exec " : ""
    if place.text == placeholder, line[place.range] == placeholder {
      argv = Self.shell("\(exec)\(before)\"$@\"\(after)") + [.bootstrapWords]
      return
    }
    let word =
      switch try reader.meaning(of: place.text) {
      case .nothingButThePlace: "\"$1\""
      case .around(let prefix, let suffix): reader.quoted(prefix) + "\"$1\"" + reader.quoted(suffix)
      }
    argv = Self.shell("\(exec)\(before)\(word)\(after)") + [.bootstrapShellCommand]
  }

  /// What follows in the argv is the script's `$1`, `$2` and so on.
  private static func shell(_ script: String) -> [LaunchPlan.Argument] {
    ["/bin/sh", "-c", script, "sh"].map { .literal($0) }
  }
}

/// What a shell would make of the text of one word, as far as the place in it is concerned.
struct TemplateReader {
  let placeholder: String
  let success: String?

  enum Meaning: Equatable {
    /// A shell that is given this text runs the command in its place, and nothing else.
    case nothingButThePlace
    /// The place stands in the text as a command of its own, between these.
    case around(prefix: String, suffix: String)
  }

  func meaning(of text: String) throws(CommandTemplate.Problem) -> Meaning {
    let text = withoutSuccess(text)
    if text == placeholder { return .nothingButThePlace }
    let words = try ShellWords(text)
    guard let place = words.all.first(where: { $0.text.contains(placeholder) }) else { throw .noPlace }
    if text[place.range] == placeholder {
      return .around(prefix: String(text[..<place.range.lowerBound]), suffix: String(text[place.range.upperBound...]))
    }
    // `/bin/sh -c WORD`, which is the command itself if WORD is.
    if words.isSimple, words.all.count == 3, words.all[1].text == "-c", words.all[2].range == place.range,
      Self.isShell(words.all[0].text), try meaning(of: place.text) == .nothingButThePlace
    {
      return .nothingButThePlace
    }
    throw .deepPlace
  }

  /// By bytes, and on from behind each: a text of 64 KiB must not take seconds.
  func count(in text: String) -> Int {
    let wanted = Array(placeholder.utf8)
    var rest = Array(text.utf8)[...]
    var found = 0
    while rest.count >= wanted.count {
      let isHere = rest.starts(with: wanted)
      if isHere { found += 1 }
      rest = rest.dropFirst(isHere ? wanted.count : 1)
    }
    return found
  }

  /// In single quotes; nothing where there is nothing.
  func quoted(_ text: String) -> String {
    text.isEmpty ? "" : "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }

  /// Ansible writes `echo SUCCESS ; COMMAND`; in fish and csh as well as in sh. The node has a mark of its own.
  private func withoutSuccess(_ text: String) -> String {
    let trimmed = Words.trimmed(text[...])
    guard let success, !success.isEmpty else { return trimmed }
    for separator in [";", "&&"] {
      for blank in [" ", ""] {
        let mark = "echo \(success)\(blank)\(separator)"
        if trimmed.hasPrefix(mark) { return Words.trimmed(trimmed.dropFirst(mark.count)) }
      }
    }
    return trimmed
  }

  private static func isShell(_ program: String) -> Bool {
    ["sh", "bash", "dash", "ash", "ksh", "zsh", "fish", "csh", "tcsh"]
      .contains(String(program.split(separator: "/").last ?? ""))
  }
}
