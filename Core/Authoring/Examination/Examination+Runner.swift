import Plans
import PluginABI
import Registry

extension Examination {
  func examineRunner(_ plugin: String, _ report: (Verdict) -> Void) {
    for (name, source) in SampleSources.all {
      report(
        judged(Trial("recognise for \(name)", plugin: plugin), [Self.recognise(source)]) { outcomes in
          guard try recognised(outcomes.first) == "true" else { return "false" }
          // What it recognised comes to it again.
          let trial = Trial("plan for \(name)", plugin: plugin)
          let outcome = try library.attempt(trial, [Self.planRun(source, path: Self.path)]).first
          guard case .answered = outcome else { return "true; " + (try served(outcome)) }
          return "true; closure \(try decode(RunPlan.self, outcome, "run plan").closure.rawValue)"
        })
    }
    report(
      judged(
        Trial("recognise for a path of invalid UTF-8", plugin: plugin),
        [Self.recognise([], path: Array("mod".utf8) + [0xff])]
      ) { try recognised($0.first) })
    var absent = Trial("recognise without what is optional", plugin: plugin)
    absent.leavesOutOptional = true
    report(
      judged(absent, [Self.recognise([])]) { outcomes in
        if case .failed(let error) = outcomes.first { throw error }
        return "does without"
      })
    report(half(plugin))
    var twice = Trial("recognise on two threads", plugin: plugin)
    twice.threads = 2
    twice.rounds = 20
    report(
      judged(twice, SampleSources.all.prefix(5).map { Self.recognise($0.bytes) }) { outcomes in
        for outcome in outcomes { _ = try recognised(outcome) }
        return "the same answers on both"
      })
  }

  private static let path = Array("/srv/library/module".utf8)

  static func recognise(_ source: [UInt8], path: [UInt8] = path) -> TrialCall {
    TrialCall(MITOGEN_RUNNER_RECOGNISE, [(name: "source", bytes: source), (name: "path", bytes: path)])
  }

  static func planRun(_ source: [UInt8], path: [UInt8]) -> TrialCall {
    TrialCall(MITOGEN_RUNNER_PLAN, [(name: "source", bytes: source), (name: "path", bytes: path)])
  }

  func recognised(_ outcome: Trial.Outcome?) throws -> String {
    let text = try answer(outcome)
    guard text == "true" || text == "false" else { throw Unmet(expected: "true or false", found: "\"\(text.prefix(40))\"") }
    return text
  }

  private func half(_ plugin: String) -> Verdict {
    judged(Trial("half", plugin: plugin), [TrialCall(MITOGEN_RUNNER_HALF), TrialCall(MITOGEN_RUNNER_HALF)]) { outcomes in
      let text = try answer(outcomes.first)
      guard outcomes.count == 2, outcomes[0] == outcomes[1] else {
        throw Unmet(expected: "the same half at every call", found: "another at the second")
      }
      guard text.split(separator: "\n").contains(where: { $0.hasPrefix("def run(") }) else {
        throw Unmet(expected: "a Python source with \"def run(executor, program, files, call, arguments):\"", found: "none")
      }
      return "\(text.utf8.count) bytes of Python"
    }
  }
}
