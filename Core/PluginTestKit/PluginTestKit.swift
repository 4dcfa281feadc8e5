@_exported public import Dialogue
import FoundationEssentials
@_exported public import PluginKit

// What authors test their plugins with: plain functions, for any test framework. They ask a plugin as the router does,
// with JSON, and hold its answers to what the router holds them to. Prompts are tested by a `RecordedDialogue`.

/// A plan that no launcher could carry out: a fault of the plugin.
public struct UnusablePlan: Error, Equatable, CustomStringConvertible {
  public var description: String
}

/// The plan for these options, a JSON object as the router passes it: values by the options' names, `name` (the
/// inventory's), and `has_SLOT` for each secret that is there.
///
/// Throws what the plugin throws, and `UnusablePlan`.
public func launchPlan<Method: ConnectionPlugin>(
  of plugin: Method, options: String, probes: [ProbeResult]? = nil
) throws -> LaunchPlan {
  let made = try plugin.plan(Options(of: Method.self, json: Array(options.utf8)), probes: probes)
  let plan = try throughJSON(made)
  if let fault = plan.fault { throw UnusablePlan(description: fault.description) }
  if probes != nil, plan.probes != nil { throw UnusablePlan(description: "probes: expected none in the second plan") }
  let slots = plan.undeclaredSlots(Method.options)
  guard slots.isEmpty else {
    throw UnusablePlan(description: "slots that are no option with `secret`: \(slots.joined(separator: ", "))")
  }
  return plan
}

/// The plan for a module's source; `nil` where the runner does not recognise it.
public func runPlan<Runner: ModuleRunner>(
  of runner: Runner, source: String, path: String = "/srv/library/module"
) throws -> RunPlan? {
  try Array(source.utf8).withUnsafeBytes { source in
    guard try runner.recognises(source, path: path) else { return nil }
    return try throughJSON(runner.plan(source, path: path))
  }
}

/// What is wrong with what a plugin says of itself, one sentence each; empty where nothing is.
public func declarationFaults(of type: any Plugin.Type) -> [String] {
  var faults: [String] = []
  for name in [type.name] where !Manifest.isPluginName(name) {
    faults.append("a name is lower case letters, digits, _ - and dots, a letter first, at most 64: \"\(name)\"")
  }
  faults += PluginDeclaration(description: type.summary, options: type.options, aliases: type.aliases).faults
  if let runner = type as? any ModuleRunner.Type {
    let lines = String(decoding: runner.half, as: UTF8.self).split(separator: "\n")
    if !lines.contains(where: { $0.hasPrefix("def run(") }) {
      faults.append("the half has no \"def run(executor, program, files, call, arguments):\"")
    }
  }
  return faults
}

/// As it arrives at the router.
private func throughJSON<Value: Codable>(_ value: Value) throws -> Value {
  try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value))
}
