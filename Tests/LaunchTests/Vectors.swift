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
  struct Step: Decodable, Sendable {
    var event: Event
    var actions: [LaunchMachine.Action]
  }

  enum Event: Sendable {
    case output(String, LaunchMachine.Source)
    case ended(ChildExit)
    case deadline
    case hello
    case again
  }

  var name: String
  var plan: LaunchPlan
  var secrets: [String: Secret]
  var nonce: String
  var candidates: [String]
  var steps: [Step]
  var whole: Bool?

  var testDescription: String { name }
}

extension LaunchVector.Event: Decodable {
  private enum Key: String, CodingKey { case stdout, stderr, tty, exited, signalled, deadline, hello, again }

  init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: Key.self)
    switch c.allKeys[0] {
    case .stdout: self = .output(try c.decode(String.self, forKey: .stdout), .stdout)
    case .stderr: self = .output(try c.decode(String.self, forKey: .stderr), .stderr)
    case .tty: self = .output(try c.decode(String.self, forKey: .tty), .tty)
    case .exited: self = .ended(.exited(try c.decode(Int32.self, forKey: .exited)))
    case .signalled: self = .ended(.signalled(try c.decode(Int32.self, forKey: .signalled)))
    case .deadline: self = .deadline
    case .hello: self = .hello
    case .again: self = .again
    }
  }
}

extension LaunchMachine.Action: Decodable {
  private enum Key: String, CodingKey {
    case answer, to, deliver, fail, log, ready
    case keepShell = "keep_shell"
  }
  private struct Failure: Decodable { var code: String, message: String, hint: String }

  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: Key.self)
    if let slot = try c.decodeIfPresent(String.self, forKey: .answer) {
      self = .answer(slot: slot, to: try c.decode(String.self, forKey: .to) == "tty" ? .tty : .stdin)
    } else if let rest = try c.decodeIfPresent(String.self, forKey: .deliver) {
      self = .deliver(rest: Array(rest.utf8))
    } else if let failure = try c.decodeIfPresent(Failure.self, forKey: .fail) {
      self = .fail(LaunchError(code: failure.code, message: failure.message, hint: failure.hint))
    } else if let failure = try c.decodeIfPresent(Failure.self, forKey: .keepShell) {
      self = .keepShell(LaunchError(code: failure.code, message: failure.message, hint: failure.hint))
    } else if let text = try c.decodeIfPresent(String.self, forKey: .log) {
      self = .log(text)
    } else {
      self = .ready
    }
  }
}
