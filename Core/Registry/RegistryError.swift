/// Why a library, or one of its operations, cannot be used: always the same five facts.
public struct RegistryError: Error, Equatable, Codable, Sendable {
  /// The library, manifest or folder.
  public var file: String
  /// What of it is wrong: "permissions", "magic", "operation plan of acme".
  public var item: String
  public var expected: String
  public var found: String
  /// What the user, or the plugin's author, can do.
  public var remedy: String

  public init(file: String, item: String, expected: String, found: String, remedy: String) {
    self.file = file
    self.item = item
    self.expected = expected
    self.found = found
    self.remedy = remedy
  }

  /// One of the wire's error codes.
  public var code: String { "plugin" }
  public var message: String { "\(file): \(item): expected \(expected), found \(found)" }
  public var hint: String { remedy }
}

extension RegistryError: CustomStringConvertible {
  public var description: String { "\(message); \(remedy)" }
}
