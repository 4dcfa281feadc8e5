import Plans

/// The rule of a plan that acts on a line, as the launchers look for it: the first, byte by byte, ASCII letters in
/// either case.
func rule(for line: String, in plan: LaunchPlan, on source: String = "tty") -> LaunchPlan.PromptRule? {
  let line = folded(line)
  return plan.prompts.first { rule in
    guard rule.on == nil || rule.on == source else { return false }
    let text = folded(rule.text)
    let prefix = folded(rule.prefix ?? "")
    switch rule.match {
    case .contains: return line.contains(text)
    case .prefix: return line.starts(with: text)
    case .afterPrefix: return line.starts(with: prefix) && line.dropFirst(prefix.count).contains(text)
    }
  }
}

/// The hint that explains what a program said.
func explanation(of text: String, in plan: LaunchPlan) -> LaunchPlan.ErrorHint? {
  plan.hints.first { folded(text).contains(folded($0.contains)) }
}

private func folded(_ text: String) -> [UInt8] {
  text.utf8.map { $0 >= 0x41 && $0 <= 0x5a ? $0 + 0x20 : $0 }
}
