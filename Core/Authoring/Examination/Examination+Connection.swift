import Dialogue
import Plans
import PluginABI
import Registry

extension Examination {
  func examineConnection(_ plugin: String, _ declaration: PluginDeclaration, _ report: (Verdict) -> Void) {
    let samples = SampleOptions(declared: declaration.options)
    for (name, options) in [("no option set", samples.least), ("every option set", samples.most)] {
      report(planned(plugin, declaration, name, options))
    }
    var absent = Trial("plan without what is optional", plugin: plugin)
    absent.leavesOutOptional = true
    report(
      judged(absent, [Self.plan(samples.least)]) { outcomes in
        if case .failed(let error) = outcomes.first { throw error }
        return "does without"
      })
    for (name, options) in samples.odd {
      report(judged(Trial("plan for \(name)", plugin: plugin), [Self.plan(options)]) { try served($0.first) })
    }
    var twice = Trial("plan on two threads", plugin: plugin)
    twice.threads = 2
    twice.rounds = 100
    report(
      judged(twice, [Self.plan(samples.most), Self.plan(samples.least)]) { outcomes in
        for outcome in outcomes { _ = try served(outcome) }
        return "the same answers on both"
      })
  }

  private static func plan(_ options: [UInt8], probes: [UInt8]? = nil) -> TrialCall {
    TrialCall(
      MITOGEN_CONNECTION_PLAN,
      [(name: "options", bytes: options)] + (probes.map { [(name: "probes", bytes: $0)] } ?? []))
  }

  /// A plan, asked for twice on one instance; and where it has probes, once more with what came of them.
  private func planned(_ plugin: String, _ declaration: PluginDeclaration, _ name: String, _ options: [UInt8]) -> Verdict {
    let trial = Trial("plan with \(name)", plugin: plugin)
    return judged(trial, [Self.plan(options), Self.plan(options)]) { outcomes in
      if case .failed(let error) = outcomes.first { throw error }
      guard outcomes.count == 2, outcomes[0] == outcomes[1] else {
        throw Unmet(expected: "the same plan for the same options", found: "another at the second call")
      }
      guard case .answered = outcomes[0] else { return try served(outcomes[0]) }
      let plan = try self.plan(outcomes[0], declaration)
      guard let probes = plan.probes else { return "\(plan.description), by \(Self.program(plan))" }
      let results = probes.map { _ in ProbeResult(rc: 127, stdout: "", stderr: "not found") }
      let second = try library.attempt(trial, [Self.plan(options, probes: RegistryJSON.encode(results))])
      let words = "asks \(probes.count) probes; where they fail, "
      guard case .answered = second.first else { return words + (try served(second.first)) }
      let final = try self.plan(second.first, declaration)
      guard final.probes == nil else { throw Unmet(expected: "no probes in the second plan", found: "some") }
      return words + final.description
    }
  }

  private static func program(_ plan: LaunchPlan) -> String {
    if case .literal(let word) = plan.argv.first { word } else { "the interpreter itself" }
  }

  /// A plan that a launcher can carry out.
  func plan(_ outcome: Trial.Outcome?, _ declaration: PluginDeclaration?) throws -> LaunchPlan {
    let plan = try decode(LaunchPlan.self, outcome, "plan")
    if let fault = plan.fault { throw Unmet(expected: "\(fault.item): \(fault.expected)", found: fault.found) }
    if let slots = declaration.map({ plan.undeclaredSlots($0.options) }), !slots.isEmpty {
      throw Unmet(
        expected: "slots that are options with \"secret\": true", found: "the slot \(slots.joined(separator: ", "))")
    }
    return plan
  }
}
