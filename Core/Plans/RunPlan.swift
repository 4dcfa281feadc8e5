/// How a runner wants one module to be run, as plain data: what a module runner's library returns for a source
/// that it recognised, and what `Core/Modules` turns into a program and its blobs.
public struct RunPlan: Codable, Equatable, Sendable {
  /// Which files travel with the module.
  public enum Closure: String, Codable, Sendable {
    /// The Python files that the module imports, found as Ansible itself finds them; sources travel stripped.
    case python
    /// The module's file only, byte for byte.
    case none
  }

  public var closure: Closure
  /// Further keys for the program, for the runner's Python half. They cannot replace the keys that every program has.
  public var settings: [String: String]

  public init(closure: Closure, settings: [String: String] = [:]) {
    self.closure = closure
    self.settings = settings
  }

  /// `settings` may be left out of the JSON; unknown keys are ignored.
  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    closure = try c.decode(Closure.self, forKey: .closure)
    settings = try c.decodeIfPresent([String: String].self, forKey: .settings) ?? [:]
  }
}
