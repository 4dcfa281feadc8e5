import Dialogue
import Plans
import Registry

/// What an author expects of a plugin: a file of JSON that is kept beside its sources.
///
/// Of a connection method: `options`, and what comes of them: `argv` of the plan, or `refused`; with `steps` the recorded
/// dialogue of its program. Of a runner: `source` and `path`, and whether it is `recognised`, with the `run` plan.
struct AuthorsCase: Decodable, Equatable, Sendable {
  struct Refusal: Decodable, Equatable, Sendable {
    var code: String?
    /// A part of the message.
    var message: String?
  }

  var plugin: String
  var options: JSONValue?
  var probes: JSONValue?
  var argv: [LaunchPlan.Argument]?
  var refused: Refusal?
  var dialogue: RecordedDialogue
  var source: String?
  var path: String
  var recognised: Bool
  var run: RunPlan?

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case plugin, options, probes, argv, refused, secrets, steps, source, path, recognised, run
  }

  init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    plugin = try c.decode(String.self, forKey: .plugin)
    options = try c.decodeIfPresent(JSONValue.self, forKey: .options)
    probes = try c.decodeIfPresent(JSONValue.self, forKey: .probes)
    argv = try c.decodeIfPresent([LaunchPlan.Argument].self, forKey: .argv)
    refused = try c.decodeIfPresent(Refusal.self, forKey: .refused)
    dialogue = try RecordedDialogue(from: decoder)
    source = try c.decodeIfPresent(String.self, forKey: .source)
    path = try c.decodeIfPresent(String.self, forKey: .path) ?? "module"
    recognised = try c.decodeIfPresent(Bool.self, forKey: .recognised) ?? true
    run = try c.decodeIfPresent(RunPlan.self, forKey: .run)
    try Self.checkKeys(decoder)
    guard (options == nil) != (source == nil) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: [], debugDescription: "a case has either options or a source"))
    }
  }

  /// The options as the router passes them: a secret is only said to be there.
  var asked: JSONValue? {
    guard case .object(var values) = options else { return options }
    for slot in dialogue.secrets.keys { values["has_\(slot)"] = .bool(true) }
    return .object(values)
  }

  /// A key that nobody reads is a word that was mistyped, and a case that expects less than it seems to.
  private static func checkKeys(_ decoder: any Decoder) throws {
    let known = Set(CodingKeys.allCases.map(\.stringValue))
    for key in try decoder.singleValueContainer().decode([String: JSONValue].self).keys.sorted() where !known.contains(key) {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: [],
          debugDescription: "\"\(key)\" is none of a case's keys (\(CodingKeys.allCases.map(\.stringValue).joined(separator: ", ")))"))
    }
  }
}
