extension RecordedDialogue.Event: Codable {
  private enum Key: String, CodingKey { case stdout, stderr, tty, python, exited, signalled, deadline, hello, again }

  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: Key.self)
    switch c.allKeys.first {
    case .stdout: self = .output(try c.decode(String.self, forKey: .stdout), .stdout)
    case .stderr: self = .output(try c.decode(String.self, forKey: .stderr), .stderr)
    case .tty: self = .output(try c.decode(String.self, forKey: .tty), .tty)
    case .python: self = .python
    case .exited: self = .ended(.exited(try c.decode(Int32.self, forKey: .exited)))
    case .signalled: self = .ended(.signalled(try c.decode(Int32.self, forKey: .signalled)))
    case .deadline: self = .deadline
    case .hello: self = .hello
    case .again: self = .again
    case nil:
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "an event is stdout, stderr, tty, python, exited, signalled, deadline, hello or again"))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var c = encoder.container(keyedBy: Key.self)
    switch self {
    case .output(let text, .stdout): try c.encode(text, forKey: .stdout)
    case .output(let text, .stderr): try c.encode(text, forKey: .stderr)
    case .output(let text, .tty): try c.encode(text, forKey: .tty)
    case .python: try c.encode(true, forKey: .python)
    case .ended(.exited(let status)): try c.encode(status, forKey: .exited)
    case .ended(.signalled(let number)): try c.encode(number, forKey: .signalled)
    case .deadline: try c.encode(true, forKey: .deadline)
    case .hello: try c.encode(true, forKey: .hello)
    case .again: try c.encode(true, forKey: .again)
    }
  }
}

extension LaunchMachine.Action: Codable {
  private enum Key: String, CodingKey {
    case answer, to, deliver, fail, log, ready
    case keepShell = "keep_shell"
  }
  private struct Failure: Codable {
    var code: String
    var message: String
    var hint: String

    init(_ error: LaunchError) { (code, message, hint) = (error.code, error.message, error.hint) }
    var error: LaunchError { LaunchError(code: code, message: message, hint: hint) }
  }

  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: Key.self)
    if let slot = try c.decodeIfPresent(String.self, forKey: .answer) {
      self = .answer(slot: slot, to: try c.decode(String.self, forKey: .to) == "tty" ? .tty : .stdin)
    } else if let rest = try c.decodeIfPresent(String.self, forKey: .deliver) {
      self = .deliver(rest: Array(rest.utf8))
    } else if let failure = try c.decodeIfPresent(Failure.self, forKey: .fail) {
      self = .fail(failure.error)
    } else if let failure = try c.decodeIfPresent(Failure.self, forKey: .keepShell) {
      self = .keepShell(failure.error)
    } else if let text = try c.decodeIfPresent(String.self, forKey: .log) {
      self = .log(text)
    } else if c.contains(.ready) {
      self = .ready
    } else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "an action is answer (with to), deliver, fail, keep_shell, log or ready"))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var c = encoder.container(keyedBy: Key.self)
    switch self {
    case .answer(let slot, let place):
      try c.encode(slot, forKey: .answer)
      try c.encode(place == .tty ? "tty" : "stdin", forKey: .to)
    case .deliver(let rest): try c.encode(String(decoding: rest, as: UTF8.self), forKey: .deliver)
    case .fail(let error): try c.encode(Failure(error), forKey: .fail)
    case .keepShell(let error): try c.encode(Failure(error), forKey: .keepShell)
    case .log(let text): try c.encode(text, forKey: .log)
    case .ready: try c.encode(true, forKey: .ready)
    }
  }
}
