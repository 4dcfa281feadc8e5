/// A password or the like. Printing, interpolating, dumping or logging one shows `<secret>`.
///
/// It can be decoded but not encoded: where a secret has to travel, the code that sends it says `reveal()`.
public struct Secret: Hashable, Sendable {
  private let text: String

  public init(_ text: String) {
    self.text = text
  }

  /// The secret itself. For descriptors and frames only, never for a message.
  public func reveal() -> String {
    text
  }

  public var isEmpty: Bool { text.isEmpty }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "<secret>" }
  public var debugDescription: String { "<secret>" }
  /// `dump` and `String(reflecting:)` of what holds a secret go through the mirror.
  public var customMirror: Mirror { Mirror(self, children: []) }
}

extension Secret: Decodable {
  public init(from decoder: any Decoder) throws {
    text = try decoder.singleValueContainer().decode(String.self)
  }
}
