/// What a peer did that the protocol does not allow. The scope says what ends: the stream, or the whole link.
public struct WireError: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Scope: Sendable { case stream, link }

  public var code: Code
  public var message: String
  public var scope: Scope { code.scope }

  public enum Code: String, Sendable {
    case frameTooLong = "frame_too_long"
    case inflatedTooLong = "inflated_too_long"
    case inflateFailed = "inflate_failed"
    case messageTooLong = "message_too_long"
    case creditExceeded = "credit_exceeded"
    case wrongDirection = "wrong_direction"
    case wrongNode = "wrong_node"
    case unknownStream = "unknown_stream"
    case malformed = "malformed"
    case helloExpected = "hello_expected"
    case tooMuchBeforeHello = "too_much_before_hello"
    case version = "version"
    case silent = "silent"

    var scope: Scope {
      switch self {
      case .messageTooLong, .creditExceeded: .stream
      default: .link
      }
    }
  }

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { "\(code.rawValue): \(message)" }
}
