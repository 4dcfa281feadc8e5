import Plans

/// What to do about each thing that a child says on its way to HELLO. Pure: it has no descriptors and no clock.
///
/// Three rules that a reader could break: a secret is answered only to a prompt (an unterminated last line) and only
/// before the marker, since whoever reads it otherwise is not who asked; no slot is answered twice, since the second
/// time means that it was wrong, and accounts get locked; nothing that may hold a secret reaches a message unmasked.
/// The agent's launcher is its twin, and both read `Tests/Vectors/launch`.
public struct LaunchMachine: Sendable {
  /// A descriptor that the child speaks on. Of a plan whose shape is `tty`, all is `.tty`.
  public enum Source: String, Sendable {
    case stdout
    case stderr
    case tty
  }

  /// Where an answer goes: a prompt on the terminal is answered there, any other on stdin.
  public enum Destination: Equatable, Sendable {
    case tty
    case stdin
  }

  public enum Action: Equatable, Sendable {
    /// Write the slot's secret and a newline.
    case answer(slot: String, to: Destination)
    /// Python waits for the core: write core and first frames, and hand the link over. `rest` came behind the marker.
    case deliver(rest: [UInt8])
    /// There is no Python, and the child stays as a shell that waits for a line. The error is for who wanted a node.
    case keepShell(LaunchError)
    case fail(LaunchError)
    case log(String)
    /// HELLO came in time.
    case ready
  }

  package enum Phase: Equatable, Sendable {
    /// The child was started; prompts are answered. Then `waitingForHello`, `shell` or `failed`.
    case waitingForMarker
    /// There is no Python: a shell waits for a line, and what the link brings answers those. Then `waitingForMarker`.
    case shell
    /// Python runs and gets the core. Then `ready` or `failed`.
    case waitingForHello
    /// The node is open: what happens now is not the launch's affair. Final.
    case ready
    /// Final.
    case failed(LaunchError)
  }

  package let plan: LaunchPlan
  /// For a message only.
  let candidates: [String]
  private let secrets: [String: Secret]
  private let link: Source
  private let marker: String
  private let matchers: [PromptMatcher]
  package private(set) var phase = Phase.waitingForMarker
  private var search: MarkerSearch
  private var lines: [Source: PromptLine] = [:]
  private var answered: Set<String> = []
  /// stderr and the terminal, where errors are said.
  private(set) var spoken: Transcript
  /// The link before the marker: profiles and the like.
  private(set) var noise: Transcript

  public init(plan: LaunchPlan, secrets: [String: Secret], marker: String, candidates: [String] = []) {
    self.plan = plan
    self.secrets = secrets
    self.candidates = candidates
    link = plan.stdio == .tty ? .tty : .stdout
    self.marker = marker
    matchers = plan.prompts.map(PromptMatcher.init)
    search = MarkerSearch(marker: marker)
    let masked = secrets.values.map { Array($0.reveal().utf8) }
    spoken = Transcript(secrets: masked)
    noise = Transcript(secrets: masked)
  }

  /// The failure, once there is one.
  public var failure: LaunchError? {
    if case .failed(let error) = phase { error } else { nil }
  }

  /// What came last, fit to be shown.
  public var lastSeen: String {
    let said = spoken.lastSeen
    return said.isEmpty ? noise.lastSeen : said
  }

  /// All that is kept of stderr and the terminal (at most 8 KiB), fit to be shown.
  public var said: String { spoken.text }

  // MARK: Events

  public mutating func outputReceived(_ bytes: [UInt8], from source: Source) -> [Action] {
    guard case .waitingForMarker = phase else {
      guard source != link else { return [] }
      spoken.append(bytes)
      return failure == nil ? read(bytes, from: source) : []
    }
    if source == link, let (found, before, after) = search.search(bytes) {
      record(bytes[..<max(before, 0)], from: source)
      forget(last: max(-before, 0), from: source)
      switch found {
      case .python:
        phase = .waitingForHello
        return [.deliver(rest: Array(bytes[after...]))]
      case .noPython:
        guard staysAsShell else { return [fail(noPython)] }
        phase = .shell
        return [.keepShell(noPython)]
      }
    }
    record(bytes[...], from: source)
    return read(bytes, from: source)
  }

  /// The shell was told to look for a Python again.
  public mutating func searchBegan() {
    guard case .shell = phase else { return }
    phase = .waitingForMarker
    search = MarkerSearch(marker: marker)
  }

  /// The child has ended, and all that it said before was received.
  public mutating func childEnded(_ status: ChildExit) -> [Action] {
    switch phase {
    case .waitingForMarker: [fail(ended(status, hadStarted: false))]
    case .waitingForHello: [fail(ended(status, hadStarted: true))]
    case .shell: [fail(shellEnded(status))]
    case .ready, .failed: []
    }
  }

  public mutating func deadlinePassed() -> [Action] {
    switch phase {
    case .waitingForMarker: [fail(timeout(hadStarted: false))]
    case .waitingForHello: [fail(timeout(hadStarted: true))]
    case .shell, .ready, .failed: []
    }
  }

  public mutating func helloReceived() -> [Action] {
    guard case .waitingForHello = phase else { return [] }
    phase = .ready
    return [.ready]
  }

  // MARK: Prompts

  private mutating func read(_ bytes: [UInt8], from source: Source) -> [Action] {
    var actions: [Action] = []
    var line = lines[source] ?? PromptLine()
    defer { lines[source] = line }
    for byte in bytes where line.append(byte) {
      if let action = act(on: &line, isComplete: true, source: source) { actions.append(action) }
      if failure != nil { return actions }
      line.clear()
    }
    if !line.bytes.isEmpty, let action = act(on: &line, isComplete: false, source: source) { actions.append(action) }
    return actions
  }

  /// A terminal echoes, and cuts lines.
  private var staysAsShell: Bool { plan.interpreter == .discover && plan.stdio != .tty }

  /// The first rule that matches and can act. One that sends needs a prompt; one that logs needs the whole line, and
  /// is the only kind that acts once Python runs.
  private mutating func act(on line: inout PromptLine, isComplete: Bool, source: Source) -> Action? {
    for matcher in matchers where matcher.rule.on == nil || matcher.rule.on == source.rawValue {
      guard matcher.matches(line) else { continue }
      switch matcher.rule.then {
      case .send(let slot):
        guard phase == .waitingForMarker, !isComplete else { continue }
        // What follows in this line is no part of the prompt that was answered.
        line.clear()
        guard let secret = secrets[slot], !secret.isEmpty else { return fail(missing(slot: slot)) }
        guard answered.insert(slot).inserted else { return fail(refused(slot: slot)) }
        return .answer(slot: slot, to: source == .tty ? .tty : .stdin)
      case .fail(let code, let message, let hint):
        guard phase == .waitingForMarker else { continue }
        return fail(LaunchError(code: code, message: told(message), hint: hint))
      case .log:
        if isComplete, !line.bytes.isEmpty { return .log("\(plan.description): \(spoken.shown(line.bytes))") }
      }
    }
    return nil
  }

  private mutating func record(_ bytes: ArraySlice<UInt8>, from source: Source) {
    if source == .stdout {
      noise.append(bytes)
    } else {
      spoken.append(bytes)
    }
  }

  /// The marker's beginning was taken for noise.
  private mutating func forget(last count: Int, from source: Source) {
    if source == .stdout {
      noise.removeLast(count)
    } else {
      spoken.removeLast(count)
    }
  }

  private mutating func fail(_ error: LaunchError) -> Action {
    phase = .failed(error)
    return .fail(error)
  }
}
