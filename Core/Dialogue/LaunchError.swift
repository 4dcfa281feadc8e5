/// Why a node could not be opened. None holds a secret.
public struct LaunchError: Error, Equatable, Sendable, CustomStringConvertible {
  /// One of PROTOCOL.md's codes: `authentication`, `unreachable`, `become`, `timeout`, `no_python`, `plugin`,
  /// `internal`, or what the plan's own rules and hints say.
  public var code: String
  /// What failed, on what, what was seen last.
  public var message: String
  /// What the user can do; may be empty.
  public var hint: String
  /// How the child ended, where that is what failed.
  public var exit: ChildExit?

  public init(code: String, message: String, hint: String = "", exit: ChildExit? = nil) {
    self.code = code
    self.message = message
    self.hint = hint
    self.exit = exit
  }

  public var description: String {
    hint.isEmpty ? "\(code): \(message)" : "\(code): \(message) (\(hint))"
  }
}

/// How a process ended.
public enum ChildExit: Equatable, Sendable, CustomStringConvertible {
  case exited(Int32)
  case signalled(Int32)

  public var description: String {
    switch self {
    case .exited(let status): "exit status \(status)"
    case .signalled(let number): "signal \(number)"
    }
  }
}
