import PluginABI
public import Plans
import Synchronization

/// A module runner of the registry: recognises modules and plans their runs.
public final class RunnerPlugin: Sendable {
  public let name: String
  public let version: String
  /// Runners are asked in this order, lowest first.
  public let precedence: Int
  private let library: Library
  private let heldHalf = Mutex<[UInt8]?>(nil)
  private let deadline: Duration = .seconds(10)

  /// Behind the built-in kinds, where a manifest says nothing.
  static let lastPrecedence = 1000

  init(_ plugin: Manifest.Plugin, _ library: Library) {
    name = plugin.name
    version = plugin.version
    precedence = plugin.declaration.precedence ?? Self.lastPrecedence
    self.library = library
  }

  /// Whether this runner runs a module with this source. Blocks; any thread may call.
  public func recognises(source: [UInt8], path: String) throws -> Bool {
    let answer = try library.call(
      name, MITOGEN_RUNNER_RECOGNISE,
      [CallArgument(name: "source", bytes: source), CallArgument(name: "path", bytes: Array(path.utf8))],
      within: deadline)
    switch String(decoding: answer, as: UTF8.self) {
    case "true": return true
    case "false": return false
    default:
      throw RegistryError(
        file: library.path, item: "operation recognise of \(name)", expected: "true or false",
        found: "\(answer.count) other bytes", remedy: "this is a fault of the plugin; report it to its author")
    }
  }

  /// How to run a module that it recognised.
  public func plan(source: [UInt8], path: String) throws -> RunPlan {
    let answer = try library.call(
      name, MITOGEN_RUNNER_PLAN,
      [CallArgument(name: "source", bytes: source), CallArgument(name: "path", bytes: Array(path.utf8))],
      within: deadline)
    return try library.decode(RunPlan.self, answer, "run plan of \(name)")
  }

  /// The source of the runner's Python half; asked for once.
  public func half() throws -> [UInt8] {
    if let half = heldHalf.withLock({ $0 }) { return half }
    let half = try library.call(name, MITOGEN_RUNNER_HALF, [], within: deadline)
    heldHalf.withLock { $0 = half }
    return half
  }
}
