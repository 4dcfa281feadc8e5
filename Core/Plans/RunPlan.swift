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

  /// How the task's arguments are written for the runner's half. The controller's side writes them, since only there are
  /// they the values that Ansible would have written.
  public enum Arguments: String, Codable, Sendable {
    /// The JSON object `{"ANSIBLE_MODULE_ARGS":{…}}`.
    case ansible
    /// The arguments as one JSON object.
    case json
    /// `key=value key=value `, each value quoted as a word of the shell.
    case words
  }

  /// Who executes the module's file.
  public enum Interpreter: String, Codable, Sendable {
    /// The Python that the node runs in.
    case node
    /// The program that the file's first line names, or what `ansible_NAME_interpreter` has in its place.
    case directive
    /// The system: the file is a program of its own.
    case none
  }

  /// Text of the source that is replaced before the closure is looked for.
  public struct Substitution: Codable, Equatable, Sendable {
    public var text: String
    public var by: String

    public init(_ text: String, by replacement: String) {
      self.text = text
      self.by = replacement
    }
  }

  public var closure: Closure
  public var arguments: Arguments
  public var interpreter: Interpreter
  /// Whether the half needs the node's private directory: it then finds it as `executor.directory`.
  public var directory: Bool
  public var substitutions: [Substitution]
  /// Further keys for the program, for the runner's Python half. They cannot replace the keys that every program has.
  public var settings: [String: String]

  public init(
    closure: Closure, arguments: Arguments = .ansible, interpreter: Interpreter = .node, directory: Bool = false,
    substitutions: [Substitution] = [], settings: [String: String] = [:]
  ) {
    self.closure = closure
    self.arguments = arguments
    self.interpreter = interpreter
    self.directory = directory
    self.substitutions = substitutions
    self.settings = settings
  }

  /// All but `closure` may be left out of the JSON; unknown keys are ignored.
  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    closure = try c.decode(Closure.self, forKey: .closure)
    arguments = try c.decodeIfPresent(Arguments.self, forKey: .arguments) ?? .ansible
    interpreter = try c.decodeIfPresent(Interpreter.self, forKey: .interpreter) ?? .node
    directory = try c.decodeIfPresent(Bool.self, forKey: .directory) ?? false
    substitutions = try c.decodeIfPresent([Substitution].self, forKey: .substitutions) ?? []
    settings = try c.decodeIfPresent([String: String].self, forKey: .settings) ?? [:]
  }
}
