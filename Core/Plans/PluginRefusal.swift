/// A plugin's own answer that it cannot serve these options: shown to the user as it is, so it never holds a secret.
public struct PluginRefusal: Error, Codable, Equatable, Sendable {
  /// One of the wire's error codes; "plugin" where none fits better.
  public var code: String
  /// What cannot be done, on what.
  public var message: String
  /// What the user can do.
  public var hint: String

  public init(code: String = "plugin", message: String, hint: String = "") {
    self.code = code
    self.message = message
    self.hint = hint
  }

  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    code = try c.decodeIfPresent(String.self, forKey: .code) ?? "plugin"
    message = try c.decode(String.self, forKey: .message)
    hint = try c.decodeIfPresent(String.self, forKey: .hint) ?? ""
  }
}

extension PluginRefusal: CustomStringConvertible {
  public var description: String { hint.isEmpty ? message : "\(message) (\(hint))" }
}
