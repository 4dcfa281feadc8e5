import Plans

/// The rule of a plan that acts on a line, as the launchers look for it: the first, ASCII letters in either case.
func rule(for line: String, in plan: LaunchPlan, on source: String = "tty") -> LaunchPlan.PromptRule? {
  let line = asciiLowercased(line)
  return plan.prompts.first { rule in
    guard rule.on == nil || rule.on == source else { return false }
    let text = asciiLowercased(rule.text)
    let prefix = asciiLowercased(rule.prefix ?? "")
    switch rule.match {
    case .contains: return line.contains(text)
    case .prefix: return line.hasPrefix(text)
    case .afterPrefix: return line.hasPrefix(prefix) && line.dropFirst(prefix.count).contains(text)
    }
  }
}

/// The hint that explains what a program said.
func explanation(of text: String, in plan: LaunchPlan) -> LaunchPlan.ErrorHint? {
  plan.hints.first { asciiLowercased(text).contains(asciiLowercased($0.contains)) }
}

private func asciiLowercased(_ text: String) -> String {
  String(decoding: text.utf8.map { $0 >= 0x41 && $0 <= 0x5a ? $0 + 0x20 : $0 }, as: UTF8.self)
}
