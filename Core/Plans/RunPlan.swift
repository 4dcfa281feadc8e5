/// How a module that a runner recognised is to be run, as plain data: what `Core/Modules` turns into a program.
public struct RunPlan: Codable, Equatable, Sendable {
  /// What has to travel with the module's source.
  public enum Closure: String, Codable, Sendable {
    /// The module_utils that it imports, found by `Core/Modules`.
    case python
    /// Nothing: the source is all.
    case none
  }

  /// The runner's name; the program's `runner`.
  public var runner: String
  public var closure: Closure
  /// Whether the source may travel without comments and docstrings.
  public var strip: Bool
  /// Further keys of the program, for the runner's Python half.
  public var parameters: [String: String]

  public init(runner: String, closure: Closure, strip: Bool, parameters: [String: String] = [:]) {
    self.runner = runner
    self.closure = closure
    self.strip = strip
    self.parameters = parameters
  }

  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    runner = try c.decode(String.self, forKey: .runner)
    closure = try c.decodeIfPresent(Closure.self, forKey: .closure) ?? .none
    strip = try c.decodeIfPresent(Bool.self, forKey: .strip) ?? false
    parameters = try c.decodeIfPresent([String: String].self, forKey: .parameters) ?? [:]
  }
}
