import Dialogue
import Plans
import PluginABI
import Registry

extension Examination {
  /// The verdict on a case of the author's.
  func verdict(on file: CaseFile, _ contents: LibraryContents) -> Verdict {
    let item = "case \(file.name)"
    do {
      let wanted: AuthorsCase
      do {
        wanted = try RegistryJSON.decode(AuthorsCase.self, file.bytes)
      } catch {
        throw Unmet(expected: "a case as AUTHORING.md describes it", found: RegistryJSON.explanation(error))
      }
      guard contents.plugins.contains(where: { $0.name == wanted.plugin }) else {
        throw Unmet(
          expected: "a plugin of this library (\(contents.plugins.map(\.name).joined(separator: ", ")))", found: "\"\(wanted.plugin)\"")
      }
      let text = try wanted.source == nil ? connectionCase(wanted) : runnerCase(wanted)
      return .init(grade: .ok, item: item, text: text)
    } catch {
      return failure(item, error)
    }
  }

  private func connectionCase(_ wanted: AuthorsCase) throws -> String {
    var arguments = [(name: "options", bytes: try RegistryJSON.encode(wanted.asked))]
    if let probes = wanted.probes { arguments.append((name: "probes", bytes: try RegistryJSON.encode(probes))) }
    let trial = Trial("operation plan of \(wanted.plugin)", plugin: wanted.plugin)
    let outcome = try library.attempt(trial, [TrialCall(MITOGEN_CONNECTION_PLAN, arguments)]).first
    if let expected = wanted.refused {
      guard case .refused(let refusal) = outcome else {
        throw Unmet(expected: "a refusal", found: try served(outcome))
      }
      if let code = expected.code, code != refusal.code { throw Unmet(expected: "the code \(code)", found: refusal.code) }
      if let part = expected.message, !refusal.message.contains(part) {
        throw Unmet(expected: "a message with \"\(part)\"", found: "\"\(refusal.message)\"")
      }
      return "refused: \(refusal)"
    }
    let plan = try self.plan(outcome, nil)
    if let argv = wanted.argv, argv != plan.argv {
      throw Unmet(expected: "argv \(try text(argv))", found: try text(plan.argv))
    }
    if let difference = wanted.dialogue.difference(with: plan) { throw difference }
    let steps = wanted.dialogue.steps.count
    return plan.description + (steps == 0 ? "" : ", \(steps) steps as recorded")
  }

  private func text(_ value: some Encodable) throws -> String {
    String(decoding: try RegistryJSON.encode(value), as: UTF8.self)
  }

  private func runnerCase(_ wanted: AuthorsCase) throws -> String {
    let source = Array((wanted.source ?? "").utf8)
    let path = Array(wanted.path.utf8)
    let trial = Trial("operation recognise of \(wanted.plugin)", plugin: wanted.plugin)
    let found = try recognised(library.attempt(trial, [Self.recognise(source, path: path)]).first)
    guard found == "\(wanted.recognised)" else { throw Unmet(expected: "recognised: \(wanted.recognised)", found: found) }
    guard wanted.recognised else { return "not recognised" }
    let planning = Trial("operation plan of \(wanted.plugin)", plugin: wanted.plugin)
    let outcome = try library.attempt(planning, [Self.planRun(source, path: path)]).first
    let plan = try decode(RunPlan.self, outcome, "run plan")
    if let run = wanted.run, run != plan { throw Unmet(expected: try text(run), found: try text(plan)) }
    return "recognised, and planned"
  }
}
