/// How to start one node, as plain data: what a connection plugin decides and a parent node carries out.
///
/// The same JSON is carried out by `Core/Launch` in Swift for a first hop and by the agent's launcher in Python
/// for the hops behind it. It never holds a secret: prompt rules name *slots*, which the launcher fills.
public struct LaunchPlan: Codable, Equatable, Sendable {
  /// The command line. Exactly one element is a bootstrap.
  public var argv: [Argument]
  /// Changes to the parent's environment: a value sets a variable, `nil` removes it.
  public var environment: [String: String?]
  /// Working directory of the child; `nil` keeps the parent's.
  public var directory: String?
  public var stdio: StdioShape
  public var interpreter: InterpreterChoice
  /// Looked at in order; the first that matches acts.
  public var prompts: [PromptRule]
  /// Looked at in order in what was seen when the child ends before HELLO; the first that matches names the error.
  public var hints: [ErrorHint]
  /// Whether the link crosses a network: then what it carries is deflated.
  public var leavesMachine: Bool
  /// For messages: "ssh to web1".
  public var description: String
  /// Seconds up to HELLO.
  public var timeout: Double
  /// How often more a launch is tried that ended as `unreachable` before Python ran; the pauses between grow.
  public var retries: Int
  /// Commands that the parent runs first, in turn, with `environment` and `directory` and within `timeout`; what they
  /// print comes back with a second request for a plan, which must have none. `argv` may then be empty.
  public var probes: [[String]]?
  /// `nil`: the child stays in the parent's namespaces.
  public var enter: Enter?

  public init(
    argv: [Argument], environment: [String: String?] = [:], directory: String? = nil,
    stdio: StdioShape = .pipes, interpreter: InterpreterChoice = .direct, prompts: [PromptRule] = [],
    hints: [ErrorHint] = [], leavesMachine: Bool = true, description: String, timeout: Double = 10, retries: Int = 0,
    probes: [[String]]? = nil, enter: Enter? = nil
  ) {
    self.argv = argv
    self.environment = environment
    self.directory = directory
    self.stdio = stdio
    self.interpreter = interpreter
    self.prompts = prompts
    self.hints = hints
    self.leavesMachine = leavesMachine
    self.description = description
    self.timeout = timeout
    self.retries = retries
    self.probes = probes
    self.enter = enter
  }

  private enum CodingKeys: String, CodingKey {
    case argv, environment, directory, stdio, interpreter, prompts, hints, description, timeout, retries, probes, enter
    case leavesMachine = "leaves_machine"
  }

  /// Optional keys may be left out of the JSON; unknown keys are ignored.
  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    argv = try c.decode([Argument].self, forKey: .argv)
    environment = try c.decodeIfPresent([String: String?].self, forKey: .environment) ?? [:]
    directory = try c.decodeIfPresent(String.self, forKey: .directory)
    stdio = try c.decodeIfPresent(StdioShape.self, forKey: .stdio) ?? .pipes
    interpreter = try c.decodeIfPresent(InterpreterChoice.self, forKey: .interpreter) ?? .direct
    prompts = try c.decodeIfPresent([PromptRule].self, forKey: .prompts) ?? []
    hints = try c.decodeIfPresent([ErrorHint].self, forKey: .hints) ?? []
    leavesMachine = try c.decodeIfPresent(Bool.self, forKey: .leavesMachine) ?? true
    description = try c.decode(String.self, forKey: .description)
    timeout = try c.decodeIfPresent(Double.self, forKey: .timeout) ?? 10
    retries = try c.decodeIfPresent(Int.self, forKey: .retries) ?? 0
    probes = try c.decodeIfPresent([[String]].self, forKey: .probes)
    enter = try c.decodeIfPresent(Enter.self, forKey: .enter)
  }
}

extension LaunchPlan {
  /// One element of the command line.
  public enum Argument: Equatable, Sendable {
    case literal(String)
    /// The launcher's command (interpreter and first stage), as so many elements.
    case bootstrapWords
    /// The same as one element, quoted for a POSIX shell: for ssh and `su -c`, which join their arguments.
    case bootstrapShellCommand
    /// The path of a file that holds the slot's secret, for programs that read secrets from files only. It lies in
    /// memory, this account alone can read it, and it is gone at the marker.
    case secretFile(slot: String)
  }

  /// What the child's descriptors are. Core/README.md has the reasons for each.
  public enum StdioShape: String, Codable, Sendable {
    case pipes
    case socketpair
    /// Clean stdio, and a controlling terminal beside it for programs that prompt on /dev/tty.
    case ttyBeside = "tty_beside"
    /// Prompt on stderr, answer on stdin: su without a terminal.
    case promptOnStderr = "prompt_stderr"
    /// A terminal on all three, put into raw mode before the marker.
    case tty
  }

  public enum InterpreterChoice: String, Codable, Sendable {
    /// The hop reaches a new machine: where none is configured, a line of `sh` takes the first candidate there is.
    case discover
    /// The hop changes the account only: the configured interpreter, else the parent's own.
    case direct
  }

  public struct PromptRule: Codable, Equatable, Sendable {
    public enum Match: String, Codable, Sendable {
      case contains
      case prefix
      case afterPrefix = "after_prefix"
    }
    public enum Action: Equatable, Sendable {
      case send(slot: String)
      case fail(code: String, message: String, hint: String)
      case log
    }
    public var match: Match
    /// Compared without regard to ASCII case.
    public var text: String
    /// With `afterPrefix`: the line begins with this, and `text` is looked for behind it.
    public var prefix: String?
    public var then: Action
    /// "tty", "stderr" or "stdout"; `nil` is any.
    public var on: String?

    public init(match: Match, text: String, prefix: String? = nil, then: Action, on: String? = nil) {
      self.match = match
      self.text = text
      self.prefix = prefix
      self.then = then
      self.on = on
    }
  }

  public struct ErrorHint: Codable, Equatable, Sendable {
    public var contains: String
    /// "stdout": looked for in what came on the link in place of the marker, where some programs report. Not set: in
    /// what was said on stderr and the terminal, since on the link a profile may say anything.
    public var on: String?
    public var code: String
    public var message: String
    public var hint: String

    public init(contains: String, on: String? = nil, code: String, message: String, hint: String) {
      self.contains = contains
      self.on = on
      self.code = code
      self.message = message
      self.hint = hint
    }
  }
}

extension LaunchPlan.Argument: Codable {
  private enum Key: String, CodingKey {
    case bootstrap
    case secretFile = "secret_file"
  }

  public init(from decoder: any Decoder) throws {
    if let text = try? decoder.singleValueContainer().decode(String.self) {
      self = .literal(text)
      return
    }
    let c = try decoder.container(keyedBy: Key.self)
    if let slot = try c.decodeIfPresent(String.self, forKey: .secretFile) {
      self = .secretFile(slot: slot)
      return
    }
    let form = try c.decode(String.self, forKey: .bootstrap)
    switch form {
    case "argv": self = .bootstrapWords
    case "shell": self = .bootstrapShellCommand
    default:
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "bootstrap is \"argv\" or \"shell\", not \"\(form)\""))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .literal(let text):
      var c = encoder.singleValueContainer()
      try c.encode(text)
    case .bootstrapWords, .bootstrapShellCommand:
      var c = encoder.container(keyedBy: Key.self)
      try c.encode(self == .bootstrapWords ? "argv" : "shell", forKey: .bootstrap)
    case .secretFile(let slot):
      var c = encoder.container(keyedBy: Key.self)
      try c.encode(slot, forKey: .secretFile)
    }
  }
}

extension LaunchPlan.PromptRule.Action: Codable {
  private enum Key: String, CodingKey { case send, fail, log }
  private struct Failure: Codable { var code: String, message: String, hint: String }

  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: Key.self)
    if let slot = try c.decodeIfPresent(String.self, forKey: .send) {
      self = .send(slot: slot)
    } else if let f = try c.decodeIfPresent(Failure.self, forKey: .fail) {
      self = .fail(code: f.code, message: f.message, hint: f.hint)
    } else {
      self = .log
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var c = encoder.container(keyedBy: Key.self)
    switch self {
    case .send(let slot): try c.encode(slot, forKey: .send)
    case .fail(let code, let message, let hint):
      try c.encode(Failure(code: code, message: message, hint: hint), forKey: .fail)
    case .log: try c.encode(true, forKey: .log)
    }
  }
}
