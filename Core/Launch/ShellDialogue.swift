import Plans

/// A command for a shell that stands where no Python is.
public struct ShellCommand: Sendable {
  /// Words of sh; newlines are allowed.
  public var script: [UInt8]
  public var stdin: [UInt8]
  /// As on a terminal: stdout and stderr come as one, and so does the newline behind an answer.
  public var merges: Bool
  /// By which prompts are answered. One that sends is for a prompt, one that fails for any line, up to `success`.
  public var prompts: [LaunchPlan.PromptRule]
  /// From this text on, what the command prints is its own.
  public var success: String?
  /// By slot.
  public var secrets: [String: Secret]

  public init(
    script: [UInt8], stdin: [UInt8] = [], merges: Bool = false, prompts: [LaunchPlan.PromptRule] = [], success: String? = nil,
    secrets: [String: Secret] = [:]
  ) {
    self.script = script
    self.stdin = stdin
    self.merges = merges
    self.prompts = prompts
    self.success = success
    self.secrets = secrets
  }

  /// Runs these words.
  ///
  /// - Parameter environment: changes; `nil` removes.
  public static func script(_ argv: [String], directory: String?, environment: [String: String?]) -> [UInt8] {
    var lines: [String] = []
    if let directory { lines.append("cd \(ShellStage.quoted(directory))||exit 1") }
    for (name, value) in environment.sorted(by: { $0.key < $1.key }) {
      lines.append(value.map { "export \(name)=\(ShellStage.quoted($0))" } ?? "unset \(name)")
    }
    lines.append("exec " + argv.map(ShellStage.quoted).joined(separator: " "))
    return Array(lines.joined(separator: "\n").utf8)
  }

  /// One word of a script.
  public static func quoted(_ word: String) -> String { ShellStage.quoted(word) }
}

/// What a command of a shell has printed, and its exit status.
public struct ShellAnswer: Equatable, Sendable {
  public var rc: Int
  public var stdout: [UInt8]
  public var stderr: [UInt8]
}

/// The conversation with a shell that stands where no Python is: one command after the other. Pure.
///
/// What the two sides say is `ShellStage`'s.
public struct ShellDialogue: Sendable {
  public enum Action: Equatable, Sendable {
    case write([UInt8])
    case ended(ShellAnswer)
    /// The command failed in a way that has its own code; if it runs still, it is to be ended with the shell.
    case failed(LaunchError)
    /// No command can be run there, for this reason.
    case useless(String)
  }

  private enum Phase: Sendable {
    /// Nothing was said yet. Then `beginning`.
    case new
    /// The shell prepares itself for the command. Then `running` or `idle`.
    case beginning(ShellCommand)
    /// Then `idle`.
    case running(ShellCommand)
    case idle
  }

  /// Bytes of an answer's first line.
  private static let longestLine = 4096

  private let nonce: String
  private var phase = Phase.new
  private var hasBegun = false
  private var held: [UInt8] = []
  /// The answer's numbers, once they have come: what follows is output.
  private var numbers: [Int]?
  private var asking: ShellPrompts?

  /// - Parameter nonce: 16 hex digits, new for each shell.
  public init(nonce: String) {
    self.nonce = nonce
  }

  /// Not while a command runs.
  public mutating func run(_ command: ShellCommand) -> [Action] {
    guard case .new = phase else { return start(command) }
    phase = .beginning(command)
    return [.write(Array(ShellStage.begin(nonce: nonce).utf8))]
  }

  /// What makes the shell look for a Python. Not while a command runs. The conversation then begins anew.
  public mutating func search() -> [UInt8] {
    let line = ShellStage.search(hasBegun: hasBegun)
    self = ShellDialogue(nonce: nonce)
    return Array(line.utf8)
  }

  /// Whether no command runs.
  public var isIdle: Bool {
    switch phase {
    case .new, .idle: true
    case .beginning, .running: false
    }
  }

  /// What ends a command that runs.
  public var end: [UInt8] { Array(ShellStage.end.utf8) }

  // MARK: Events

  public mutating func stdoutReceived(_ bytes: [UInt8]) -> [Action] {
    held += bytes
    guard let numbers = self.numbers ?? readHeader() else {
      let actions = refusal()
      // Nothing else is said by a shell that keeps to the rules.
      if held.count > Self.longestLine { held.removeFirst(held.count - Self.longestLine) }
      return actions
    }
    self.numbers = numbers
    let (rc, stdout, stderr) = (numbers[0], numbers[1], numbers[2])
    guard held.count >= stdout + stderr, asking?.hasEnded ?? true else { return [] }
    let answer = ShellAnswer(rc: rc, stdout: Array(held[..<stdout]), stderr: Array(held[stdout..<(stdout + stderr)]))
    held = []
    self.numbers = nil
    return answered(answer)
  }

  public mutating func stderrReceived(_ bytes: [UInt8]) -> [Action] {
    guard case .running(let command) = phase, asking != nil else { return [] }
    var actions = asking!.received(bytes).map { action -> Action in
      switch action {
      case .send(let slot): .write(Array(ShellStage.answer(command.secrets[slot]?.reveal() ?? "").utf8))
      case .fail(let error): .failed(error)
      }
    }
    if asking!.hasEnded { actions += stdoutReceived([]) }
    return actions
  }

  /// Bytes that wait to be understood.
  var heldBytes: Int { held.count }

  // MARK: Answers

  /// `MITO:` nonce `=` status, bytes of stdout, bytes of stderr, newline.
  private mutating func readHeader() -> [Int]? {
    guard let line = line(after: "=") else { return nil }
    let numbers = line.text.split(separator: " ").compactMap { Int($0) }
    guard numbers.count == 3, numbers[1...].allSatisfy({ 0...ShellStage.outputLimit ~= $0 }) else { return nil }
    held.removeFirst(line.end)
    return numbers
  }

  private mutating func refusal() -> [Action] {
    guard case .beginning = phase, let line = line(after: "~") else { return [] }
    held = []
    phase = .new
    return [.useless(line.text)]
  }

  private func line(after mark: String) -> (text: String, end: Int)? {
    let start = Array("MITO:\(nonce)\(mark)".utf8)
    guard let at = held.firstIndex(of: start), let end = held[at...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
    return (String(decoding: held[(at + start.count)..<end], as: UTF8.self), end + 1)
  }

  private mutating func answered(_ answer: ShellAnswer) -> [Action] {
    switch phase {
    case .beginning(let command):
      hasBegun = true
      return start(command)
    case .running(let command):
      phase = .idle
      var answer = answer
      if let asking {
        if command.merges { answer.stdout = asking.output } else { answer.stderr = asking.output }
        self.asking = nil
      } else if !command.prompts.isEmpty {
        // Nothing was to be answered, but something may say that a password was needed.
        var said = ShellPrompts(command, nonce: nil)
        if case .fail(let error)? = said.received(answer.stdout + answer.stderr).first { return [.failed(error)] }
      }
      return [.ended(answer)]
    case .new, .idle: return []
    }
  }

  private mutating func start(_ command: ShellCommand) -> [Action] {
    phase = .running(command)
    var mode = command.merges ? ShellStage.Mode.merged : .separate
    if command.secrets.values.contains(where: { !$0.isEmpty }), !command.prompts.isEmpty {
      mode = command.merges ? .asking : .askingOnStderr
      asking = ShellPrompts(command, nonce: nonce)
    }
    let line = ShellStage.run(script: command.script.count, stdin: command.stdin.count, mode: mode)
    return [.write(Array(line.utf8) + command.script + command.stdin)]
  }
}

extension [UInt8] {
  func firstIndex(of run: [UInt8]) -> Int? {
    guard let first = run.first, count >= run.count else { return nil }
    var at = 0
    while at <= count - run.count {
      if self[at] == first, self[at..<at + run.count].elementsEqual(run) { return at }
      at += 1
    }
    return nil
  }
}
