import PluginKit
import Testing

@Suite struct WordsTests {
  /// Each as Python's shlex.split splits it.
  @Test(arguments: [
    ("", []), ("   ", []), ("a b", ["a", "b"]), (" a\tb\nc ", ["a", "b", "c"]), ("'a b' c", ["a b", "c"]),
    (#""a b"c"#, ["a bc"]), (#"a'b'"c""#, ["abc"]), ("''", [""]), (#"a "" b"#, ["a", "", "b"]), (#"a\ b"#, ["a b"]),
    (#""a\"b""#, [#"a"b"#]), (#""a\nb""#, [#"a\nb"#]), (#""a\\b""#, [#"a\b"#]), (#"'a\'"#, [#"a\"#]), (#"\'a"#, ["'a"]),
    ("-o 'ProxyCommand=ssh -W %h:%p \"j u\"'", ["-o", #"ProxyCommand=ssh -W %h:%p "j u""#]), ("a#b #c", ["a#b", "#c"]),
    ("ü 'ß é'", ["ü", "ß é"]), ("$HOME `x` *", ["$HOME", "`x`", "*"]),
  ] as [(String, [String])])
  func textsAreSplitAsShlexSplitsThem(_ text: String, _ words: [String]) throws {
    #expect(try Words.split(text) == words)
  }

  @Test func whatIsNotFinishedIsRefused() {
    #expect(throws: Words.Unfinished.quote) { try Words.split("a 'b") }
    #expect(throws: Words.Unfinished.quote) { try Words.split(#"a "b"#) }
    #expect(throws: Words.Unfinished.escape) { try Words.split(#"a \"#) }
  }
}
