import FoundationEssentials
import NIOCore

/// How often a silent link is asked for a sign of life, and how many silences make it dead.
public struct KeepaliveSettings: Codable, Hashable, Sendable {
  /// Seconds.
  public var interval: Double
  public var count: Int

  public init(interval: Double = 30, count: Int = 10) {
    self.interval = interval
    self.count = count
  }
}

/// First frame from the router to a node.
public struct RouterHello: Codable, Sendable {
  public var mitogen = WireLimits.version
  public var features: [String] = []
  public var node: UInt32
  /// The node may deflate what it sends.
  public var deflate: Bool
  public var keepalive: KeepaliveSettings
  /// Lowest level of LOG that the node sends.
  public var log: String
  /// Hashes of parts of the agent that come behind the first call: the node uses each from when it is there.
  public var tidy: String
  public var surroundings: String

  public init(
    node: UInt32, deflate: Bool, keepalive: KeepaliveSettings, log: String, tidy: String, surroundings: String
  ) {
    self.node = node
    self.deflate = deflate
    self.keepalive = keepalive
    self.log = log
    self.tidy = tidy
    self.surroundings = surroundings
  }
}

/// First frame from a node: what it is. Keys that the router does not use are forwarded to clients as they came.
public struct NodeHello: Codable, Sendable {
  public var mitogen: Int
  /// `lzma`: it reads bundles of blobs in that encoding.
  public var features: [String]?
  public var python: String?
  public var version: [Int]?
  public var pid: Int?
  public var uid: Int?
  /// The account's name.
  public var user: String?
  public var hostname: String?
}

/// First frame of a client.
public struct ClientHello: Codable, Sendable {
  public var mitogen: Int
  public var client: String?
  public var pid: Int?
  public var log: String?
}

/// The router's answer to it.
public struct RouterGreeting: Codable, Sendable {
  public var mitogen = WireLimits.version
  public var features: [String] = []
  public var version: String
  public var pid: Int

  public init(version: String, pid: Int) {
    self.version = version
    self.pid = pid
  }
}

/// The payload of ERROR, GOODBYE and, with a child, CHILD: what failed, on what, and what the user can do.
public struct Failure: Codable, Error, Hashable, Sendable, CustomStringConvertible {
  public var code: String
  public var message: String
  public var hint: String

  public init(code: String, message: String, hint: String = "") {
    self.code = code
    self.message = message
    self.hint = hint
  }

  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    code = try c.decodeIfPresent(String.self, forKey: .code) ?? "internal"
    message = try c.decodeIfPresent(String.self, forKey: .message) ?? ""
    hint = try c.decodeIfPresent(String.self, forKey: .hint) ?? ""
  }

  public var description: String {
    guard !hint.isEmpty else { return message }
    let isWhole = message.last.map { ".!?".contains($0) } ?? true
    return message + (isWhole ? " " : ". ") + hint
  }
}

/// JSON of control frames to values and back.
public enum WireJSON {
  public static func encode(_ value: some Encodable) -> ByteBuffer {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Our own values hold nothing that JSON cannot: no infinite numbers, no keys that are not strings.
    let data = (try? encoder.encode(value)) ?? Data("{}".utf8)
    return ByteBuffer(bytes: data)
  }

  public static func decode<T: Decodable>(_ type: T.Type, from payload: ByteBuffer) throws(WireError) -> T {
    do {
      return try JSONDecoder().decode(type, from: Data(payload.readableBytesView))
    } catch {
      throw WireError(.malformed, "JSON that is not the \(type) expected here")
    }
  }
}
