import Plans

/// The prompts of a command that changes the account, up to its success. Pure.
///
/// As for a launch, a secret is answered only to a prompt, an unterminated last line, and only once. Prompts that were
/// answered are left out of the output.
struct ShellPrompts: Sendable {
  enum Action: Equatable, Sendable {
    case send(slot: String)
    case fail(LaunchError)
  }

  private enum Phase {
    /// What comes is the shell's.
    case before
    /// What comes is the command's. Then `succeeded` or `ended`.
    case asking
    /// No rule applies any more. Then `ended`.
    case succeeded
    case ended
  }

  private let matchers: [PromptMatcher]
  private let isTerminal: Bool
  private let success: [UInt8]
  private let begin: [UInt8]
  private let end: [UInt8]
  private var phase: Phase
  private var held: [UInt8] = []
  private var line = PromptLine()
  private var answered: Set<String> = []
  /// A prompt was just answered; blanks that follow are its own.
  private var isBehindPrompt = false
  private(set) var output: [UInt8] = []
  var hasEnded: Bool { phase == .ended }

  /// - Parameter nonce: of the marks around what the command says; `nil` where it stands alone.
  init(_ command: ShellCommand, nonce: String?) {
    matchers = command.prompts.map(PromptMatcher.init)
    isTerminal = command.merges
    success = Array((command.success ?? "").utf8)
    begin = Array("MITO:\(nonce ?? "")[".utf8)
    end = nonce == nil ? [] : Array("MITO:\(nonce ?? "")]".utf8)
    phase = nonce == nil ? .asking : .before
  }

  mutating func received(_ bytes: [UInt8]) -> [Action] {
    guard phase != .ended else { return [] }
    held += bytes
    if phase == .before {
      guard let at = held.firstIndex(of: begin) else {
        held.removeFirst(max(held.count - begin.count + 1, 0))
        return []
      }
      held.removeFirst(at + begin.count)
      phase = .asking
    }
    guard !end.isEmpty, let at = held.firstIndex(of: end) else { return takeHeld(upTo: held.count - heldBack) }
    let actions = takeHeld(upTo: at)
    held = []
    phase = .ended
    return actions
  }

  /// Bytes at the end that may be the beginning of the mark.
  private var heldBack: Int {
    for count in stride(from: min(end.count - 1, held.count), to: 0, by: -1) where end.starts(with: held.suffix(count)) {
      return count
    }
    return 0
  }

  private mutating func takeHeld(upTo count: Int) -> [Action] {
    let piece = Array(held[..<count])
    held.removeFirst(count)
    return piece.flatMap { take($0) }
  }

  private mutating func take(_ byte: UInt8) -> [Action] {
    if isBehindPrompt, byte == UInt8(ascii: " ") { return [] }
    isBehindPrompt = false
    if output.count < ShellStage.outputLimit { output.append(byte) }
    guard phase == .asking else { return [] }
    let isComplete = line.append(byte)
    defer { if isComplete { line.clear() } }
    if !success.isEmpty, line.bytes.firstIndex(of: success) != nil {
      phase = .succeeded
      return []
    }
    for matcher in matchers where matcher.matches(line) {
      switch matcher.rule.then {
      case .send(let slot) where !isComplete:
        guard answered.insert(slot).inserted else {
          return [.fail(LaunchError(code: "authentication", message: "the password was not accepted"))]
        }
        output.removeLast(min(line.bytes.count, output.count))
        // What a terminal shows of an answer.
        if isTerminal { output.append(UInt8(ascii: "\n")) }
        line.clear()
        isBehindPrompt = true
        return [.send(slot: slot)]
      case .fail(let code, let message, let hint):
        return [.fail(LaunchError(code: code, message: message, hint: hint))]
      case .send, .log: continue
      }
    }
    return []
  }
}
