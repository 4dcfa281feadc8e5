import Plans

#if canImport(Glibc)
  import Glibc
#endif

/// What the router asks of a helper process. One request at a time; its answer is the next message that is not
/// `log`.
enum HelperRequest: Codable, Equatable {
  case load(path: String)
  /// The bytes behind the header are the arguments', in this order.
  case call(plugin: String, operation: Int, arguments: [Part])
  /// From `mitogen plugins check` only. The bytes behind the header are the arguments' of all calls.
  case attempt(Trial)

  struct Part: Codable, Equatable, Sendable {
    var name: String
    var length: Int
  }

  /// The arguments that stand one behind the other in `bytes`, from `offset` on; `nil` where there are too few.
  static func arguments(_ parts: [Part], in bytes: [UInt8], from offset: inout Int) -> [CallArgument]? {
    var arguments: [CallArgument] = []
    for part in parts {
      guard part.length >= 0, offset + part.length <= bytes.count else { return nil }
      arguments.append(CallArgument(name: part.name, bytes: Array(bytes[offset..<(offset + part.length)])))
      offset += part.length
    }
    return arguments
  }
}

enum HelperResponse: Codable {
  case log(RegistryConfiguration.LogLine)
  case loaded(LibraryContents)
  /// The bytes behind the header are the plugin's answer.
  case answered
  case tried([Trial.Outcome])
  case refused(PluginRefusal)
  case failed(RegistryError)
}

/// A message between the router and a helper: `u32` length of all that follows, `u32` length of the header, the
/// header (JSON), bytes. Numbers are big-endian.
struct HelperMessage {
  var header: [UInt8]
  var bytes: [UInt8]

  /// A module's source is the largest there is, the header around it small.
  static let limit = 64 << 20

  var encoded: [UInt8] {
    func number(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
    return number(4 + header.count + bytes.count) + number(header.count) + header + bytes
  }

  /// `nil`: more bytes are needed. Takes the message from the front of `buffer`.
  static func take(from buffer: inout [UInt8]) throws(Malformed) -> HelperMessage? {
    func number(_ at: Int) -> Int { buffer[at..<(at + 4)].reduce(0) { $0 << 8 | Int($1) } }
    guard buffer.count >= 4 else { return nil }
    let length = number(0)
    guard (4...limit).contains(length) else { throw Malformed() }
    guard buffer.count >= 4 + length else { return nil }
    let headerLength = number(4)
    guard headerLength <= length - 4 else { throw Malformed() }
    let message = HelperMessage(
      header: Array(buffer[8..<(8 + headerLength)]), bytes: Array(buffer[(8 + headerLength)..<(4 + length)]))
    buffer.removeSubrange(..<(4 + length))
    return message
  }

  struct Malformed: Error {}
}
