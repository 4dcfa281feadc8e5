import PluginABI
public import Plans
import Synchronization

/// A connection method of the registry: turns options into launch plans.
public final class ConnectionMethod: Sendable {
  public let name: String
  public let version: String
  public let options: [OptionDeclaration]
  /// Stays on the machine and changes the account: serves as a become method.
  public let changesAccount: Bool
  private let library: Library
  private let plans = PlanCache<LaunchPlan>()

  init(_ plugin: Manifest.Plugin, _ library: Library) {
    name = plugin.name
    version = plugin.version
    options = plugin.declaration.options
    changesAccount = plugin.features.contains("become")
    self.library = library
  }

  /// The plan for these options (a JSON object). Blocks for at most `deadline`, and once for the library's loading;
  /// any thread may call. The same bytes give the same plan without asking the plugin again, unless it was made from
  /// probes: what they found was true once.
  ///
  /// Throws `PluginRefusal` where the plugin cannot serve the options, `RegistryError` where it is at fault.
  public func plan(
    optionsJSON: [UInt8], probesJSON: [UInt8]? = nil, deadline: Duration = .seconds(10)
  ) throws -> LaunchPlan {
    if let probesJSON {
      let given = [CallArgument(name: "options", bytes: optionsJSON), CallArgument(name: "probes", bytes: probesJSON)]
      let plan = try make(given, deadline)
      guard plan.probes == nil else {
        throw fault("probes", "none in the second plan", "\(plan.probes?.count ?? 0)")
      }
      return plan
    }
    return try plans.plan(for: optionsJSON) {
      try make([CallArgument(name: "options", bytes: optionsJSON)], deadline)
    }
  }

  private func make(_ arguments: [CallArgument], _ deadline: Duration) throws -> LaunchPlan {
    let answer = try library.call(name, MITOGEN_CONNECTION_PLAN, arguments, within: deadline)
    let plan = try library.decode(LaunchPlan.self, answer, "launch plan of \(name)")
    if let fault = plan.fault { throw self.fault(fault.item, fault.expected, fault.found) }
    return plan
  }

  private func fault(_ item: String, _ expected: String, _ found: String) -> RegistryError {
    RegistryError(
      file: library.path, item: "launch plan of \(name): \(item)", expected: expected, found: found,
      remedy: "this is a fault of the plugin; report it to its author")
  }
}

/// Plans by the bytes that they were made from. Bounded: when it is full it is emptied, since a run of thousands of
/// hosts asks for each plan once or twice and a plan is cheap to make again.
final class PlanCache<Plan: Sendable>: Sendable {
  static var limit: Int { 1024 }
  private let plans = Mutex<[[UInt8]: Plan]>([:])

  func plan(for key: [UInt8], _ make: () throws -> Plan) rethrows -> Plan {
    if let plan = plans.withLock({ $0[key] }) { return plan }
    let plan = try make()
    plans.withLock {
      if $0.count >= Self.limit { $0.removeAll(keepingCapacity: true) }
      $0[key] = plan
    }
    return plan
  }
}

extension Library {
  /// Reads a plugin's answer.
  func decode<Value: Decodable>(_ type: Value.Type, _ answer: [UInt8], _ what: String) throws(RegistryError) -> Value {
    do {
      return try RegistryJSON.decode(type, answer)
    } catch {
      throw RegistryError(
        file: path, item: what, expected: "JSON as mitogen_plugin.h says", found: RegistryJSON.explanation(error),
        remedy: "this is a fault of the plugin; report it to its author")
    }
  }
}
