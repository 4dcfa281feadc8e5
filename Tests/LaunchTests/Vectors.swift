import FoundationEssentials
import Plans
import Testing

@testable import Launch

/// The files that the Swift and the Python tests both read.
enum Vectors {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Vectors")

  static func read<T: Decodable>(_ name: String, as type: T.Type = T.self) throws -> T {
    try JSONDecoder().decode(T.self, from: Data(contentsOf: folder.appending(path: name)))
  }

  static func line(_ name: String) throws -> String {
    let text = String(decoding: try Data(contentsOf: folder.appending(path: name)), as: UTF8.self)
    return String(text.dropLast())
  }
}

struct QuotingVector: Decodable, Sendable {
  var argv: [String]
  var quoted: String
}

struct LaunchVector: Decodable, Sendable, CustomTestStringConvertible {
  var name: String
  var plan: LaunchPlan
  var secrets: [String: Secret]
  var nonce: String
  var candidates: [String]
  var steps: [RecordedDialogue.Step]
  var whole: Bool?

  var testDescription: String { name }
}
