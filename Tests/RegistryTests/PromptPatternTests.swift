import PluginKit
import Testing

@Suite struct PromptPatternTests {
  @Test(arguments: [
    ("Password:", "contains Password:"), ("^Password:", "prefix Password:"), (#"doas \("#, "contains doas ("),
    (#"Kerberos password for .*@.*:"#, "after Kerberos password for : :"), (#"(?i)password for \S+:\s*$"#, "after password for : :"),
    (".*password:", "contains password:"), (#"a\.b"#, "contains a.b"), (#"doas \(|Password:"#, "contains doas (, contains Password:"),
    (#"a\|b"#, "contains a|b"), ("Mot de passe :", "contains Mot de passe :"),
  ])
  func textWithGapsBecomesARule(_ expression: String, _ expected: String) throws {
    let patterns = try #require(PromptPattern.all(expression))
    let shown = patterns.map { pattern in
      switch pattern.match {
      case .contains: "contains \(pattern.text)"
      case .prefix: "prefix \(pattern.text)"
      case .afterPrefix: "after \(pattern.prefix ?? ""): \(pattern.text)"
      }
    }
    #expect(shown.joined(separator: ", ") == expected)
  }

  @Test(arguments: ["", ".*", "(a|b):", "[Pp]assword:", "pass(word)?:", "a+b", "a{2}", "a$b", #"\bpassword"#, #"a\"#, "x|"])
  func whatIsMoreIsNone(_ expression: String) {
    #expect(PromptPattern.all(expression) == nil)
  }
}
