import Plans

/// What a program said on its way to Python, as events, and what the launcher has to do about each: the form of
/// `Tests/Vectors/launch` and of the cases that authors of plugins keep.
public struct RecordedDialogue: Codable, Equatable, Sendable {
  public struct Step: Codable, Equatable, Sendable {
    public var event: Event
    public var actions: [LaunchMachine.Action]

    public init(_ event: Event, _ actions: [LaunchMachine.Action]) {
      self.event = event
      self.actions = actions
    }
  }

  public enum Event: Equatable, Sendable {
    /// The program wrote this.
    case output(String, LaunchMachine.Source)
    /// Python runs at its end: the marker came on the link.
    case python
    case ended(ChildExit)
    /// The plan's time is over.
    case deadline
    case hello
    /// The shell was told to look for an interpreter again.
    case again
  }

  /// The first step that went another way.
  public struct Difference: Error, Equatable, Sendable, CustomStringConvertible {
    /// Counted from 1.
    public var step: Int
    public var expected: [LaunchMachine.Action]
    public var found: [LaunchMachine.Action]
    /// Only where the text arrives byte by byte, as it may: a rule then acts on a line that is not whole yet.
    public var isBytewise: Bool

    public var description: String {
      "step \(step): expected \(Self.text(expected)), found \(Self.text(found))"
        + (isBytewise ? ", where the text comes byte by byte" : "")
    }

    private static func text(_ actions: [LaunchMachine.Action]) -> String {
      actions.isEmpty ? "nothing" : actions.map(\.description).joined(separator: ", then ")
    }
  }

  /// Slots to secrets; none where it is left out.
  public var secrets: [String: String]
  public var steps: [Step]

  public init(secrets: [String: String] = [:], steps: [Step]) {
    self.secrets = secrets
    self.steps = steps
  }

  private enum CodingKeys: String, CodingKey { case secrets, steps }

  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    secrets = try c.decodeIfPresent([String: String].self, forKey: .secrets) ?? [:]
    steps = try c.decodeIfPresent([Step].self, forKey: .steps) ?? []
  }

  /// Plays it to the launcher with this plan, whole and byte by byte. `nil`: all went as it was recorded.
  public func difference(with plan: LaunchPlan) -> Difference? {
    play(plan, bytewise: false) ?? play(plan, bytewise: true)
  }

  private static let marker = "MITO:0123456789abcdef"

  private func play(_ plan: LaunchPlan, bytewise: Bool) -> Difference? {
    var machine = LaunchMachine(plan: plan, secrets: secrets.mapValues { Secret($0) }, marker: Self.marker)
    func output(_ text: String, _ source: LaunchMachine.Source) -> [LaunchMachine.Action] {
      let bytes = Array(text.utf8)
      return bytewise
        ? bytes.flatMap { machine.outputReceived([$0], from: source) } : machine.outputReceived(bytes, from: source)
    }
    for (number, step) in steps.enumerated() {
      let found: [LaunchMachine.Action] =
        switch step.event {
        case .output(let text, let source): output(text, source)
        case .python: output("\(Self.marker);", plan.stdio == .tty ? .tty : .stdout)
        default: machine.handle(step.event)
        }
      let told = found.map(\.withoutExit)
      if told != step.actions {
        return Difference(step: number + 1, expected: step.actions, found: told, isBytewise: bytewise)
      }
    }
    return nil
  }
}

extension LaunchMachine {
  /// What these events, which bring no bytes of the link's, cause.
  package mutating func handle(_ event: RecordedDialogue.Event) -> [Action] {
    switch event {
    case .output(let text, let source): return outputReceived(Array(text.utf8), from: source)
    case .python: return []
    case .ended(let status): return childEnded(status)
    case .deadline: return deadlinePassed()
    case .hello: return helloReceived()
    case .again:
      searchBegan()
      return []
    }
  }
}

extension LaunchMachine.Action {
  /// A record says nothing of the exit status.
  package var withoutExit: LaunchMachine.Action {
    switch self {
    case .fail(var error):
      error.exit = nil
      return .fail(error)
    case .keepShell(var error):
      error.exit = nil
      return .keepShell(error)
    default: return self
    }
  }
}

extension LaunchMachine.Action: CustomStringConvertible {
  public var description: String {
    switch self {
    case .answer(let slot, let place): "the answer \(slot) on \(place == .tty ? "tty" : "stdin")"
    case .deliver: "the core"
    case .keepShell(let error): "a shell that is kept (\(error))"
    case .fail(let error): "the failure \(error)"
    case .log(let text): "the log line \"\(text)\""
    case .ready: "ready"
    }
  }
}
