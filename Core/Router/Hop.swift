import FoundationEssentials
import NIOCore
import Plans
import Wire

/// One hop of a route as a client writes it. Its bytes are part of the node's key; it is decoded once, to open.
struct Hop: Decodable, Sendable {
  /// Name of the connection method or become method.
  var method: String
  /// For the plugin; never a secret.
  var options: [String: JSONValue]
  /// Slot to secret; the launcher's alone.
  var secrets: [String: String]
  /// The configured interpreter as words; `nil` to find one.
  var python: [String]?
  /// What to try, in order, where none is configured.
  var candidates: [String]
  /// Seconds up to HELLO.
  var timeout: Double
  var keepalive: KeepaliveSettings
  /// The inventory's name, for messages.
  var name: String

  private enum CodingKeys: String, CodingKey {
    case method, options, secrets, python, timeout, keepalive, name
    case candidates = "python_candidates"
  }

  init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    method = try c.decode(String.self, forKey: .method)
    options = try c.decodeIfPresent([String: JSONValue].self, forKey: .options) ?? [:]
    secrets = try c.decodeIfPresent([String: String].self, forKey: .secrets) ?? [:]
    python = try c.decodeIfPresent([String].self, forKey: .python)
    candidates = try c.decodeIfPresent([String].self, forKey: .candidates) ?? ["python3", "/usr/bin/python3"]
    timeout = try c.decodeIfPresent(Double.self, forKey: .timeout) ?? 10
    keepalive = try c.decodeIfPresent(KeepaliveSettings.self, forKey: .keepalive) ?? KeepaliveSettings()
    name = try c.decodeIfPresent(String.self, forKey: .name) ?? method
  }

  /// The configured interpreter says by its name that it is too old for LZMA.
  var isPython2: Bool { python?.contains { $0.split(separator: "/").last?.hasPrefix("python2") == true } ?? false }

  /// What the plugin gets: the options, the host's name, and which secret slots have a value.
  func pluginOptions() -> [UInt8] {
    var all = options
    all["name"] = .string(name)
    for slot in secrets.keys { all["has_\(slot)"] = .bool(true) }
    if all["timeout"] == nil { all["timeout"] = .number(timeout) }
    return Array(WireJSON.encode(all).readableBytesView)
  }
}
