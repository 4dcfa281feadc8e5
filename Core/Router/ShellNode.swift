import DequeModule
import Launch
import NIOCore
import Plans
import Wire

/// The way to a shell that stands where no Python is.
protocol ShellWay: AnyObject {
  func write(_ bytes: [UInt8])
  /// Ends the shell.
  func end()
}

/// The last hop of a route that was reached, where there is no Python: commands are run one after the other through the
/// shell that looked for it, until a request needs more and the shell has found one.
final class ShellNode {
  typealias Answer = (Result<ShellAnswer, Failure>) -> Void

  private enum State {
    /// Next: `running`, `searching`, `gone`.
    case idle
    /// Next: `idle`, `gone`.
    case running(id: Int, Answer)
    /// The shell looks for a Python, on behalf of a node that is being opened. Next: `idle`, `gone`.
    case searching
    /// Ended, or the node that is there now. No next.
    case gone(Failure)
  }

  private enum Turn {
    case command(id: Int, ShellCommand, Answer)
    case search((Failure?) -> Void)
  }

  let name: String
  /// By which it was started.
  let plan: LaunchPlan
  /// The node that has launched it; `nil`: this machine.
  let parent: UInt32?
  /// Why it is no node.
  let reason: Failure
  var way: (any ShellWay)?
  /// Called once, when it has ended or been replaced by a node.
  var whenGone: (() -> Void)?
  private var dialogue: ShellDialogue
  private var state = State.idle
  private var turns = Deque<Turn>()
  private var lastID = 0

  init(name: String, plan: LaunchPlan, parent: UInt32?, because reason: Failure) {
    self.reason = reason
    self.name = name
    self.plan = plan
    self.parent = parent
    dialogue = ShellDialogue(nonce: Self.nonce())
  }

  // MARK: Use

  /// - Returns: what `cancel` takes.
  func run(_ command: ShellCommand, _ answer: @escaping Answer) -> Int {
    lastID += 1
    turns.append(.command(id: lastID, command, answer))
    next()
    return lastID
  }

  /// Calls back when the shell is to be told the line that `searchLine` gives, or is gone.
  func whenItMaySearch(_ call: @escaping (Failure?) -> Void) {
    turns.append(.search(call))
    next()
  }

  /// What to tell the shell; then it is its launcher's until `searchedInVain` or `becameNode`.
  func searchLine() -> [UInt8] { dialogue.search() }

  func searchedInVain() {
    guard case .searching = state else { return }
    state = .idle
    next()
  }

  func becameNode() {
    ended(because: Failure(code: "no_python", message: "\(name): there is a Python now"))
  }

  /// A command that has not begun never does. One that runs is ended with the shell: it may be deaf to less.
  func cancel(_ id: Int) {
    let reason = Failure(code: "cancelled", message: "the request was cancelled")
    if case .running(id, let answer) = state {
      way?.write(dialogue.end)
      state = .idle
      answer(.failure(reason))
      end(because: reason)
    } else if let at = turns.firstIndex(where: { if case .command(id, _, _) = $0 { true } else { false } }) {
      if case .command(_, _, let answer) = turns.remove(at: at) { answer(.failure(reason)) }
    }
  }

  func end(because failure: Failure) {
    let way = self.way
    ended(because: failure)
    way?.end()
  }

  // MARK: Events

  func outputReceived(_ bytes: [UInt8], isStderr: Bool) {
    guard case .running(let id, let answer) = state else { return }
    for action in isStderr ? dialogue.stderrReceived(bytes) : dialogue.stdoutReceived(bytes) {
      perform(action, id, answer)
    }
  }

  func ended(because failure: Failure) {
    if case .gone = state { return }
    let before = state
    state = .gone(failure)
    way = nil
    let waiting = turns
    turns = []
    if case .running(_, let answer) = before { answer(.failure(failure)) }
    for turn in waiting {
      switch turn {
      case .command(_, _, let answer): answer(.failure(failure))
      case .search(let call): call(failure)
      }
    }
    whenGone?()
    whenGone = nil
  }

  // MARK: Turns

  private func next() {
    switch state {
    case .running, .searching: return
    case .gone(let failure):
      while let turn = turns.popFirst() {
        switch turn {
        case .command(_, _, let answer): answer(.failure(failure))
        case .search(let call): call(failure)
        }
      }
    case .idle:
      switch turns.popFirst() {
      case .command(let id, let command, let answer)?:
        state = .running(id: id, answer)
        for action in dialogue.run(command) { perform(action, id, answer) }
      case .search(let call)?:
        state = .searching
        call(nil)
      case nil: return
      }
    }
  }

  private func perform(_ action: ShellDialogue.Action, _ id: Int, _ answer: @escaping Answer) {
    switch action {
    case .write(let bytes): way?.write(bytes)
    case .ended(let result):
      state = .idle
      answer(.success(result))
      next()
    case .failed(let error):
      guard case .running(id, _) = state else { return }
      state = .idle
      answer(.failure(Failure(error)))
      if dialogue.isIdle { next() } else {
        way?.write(dialogue.end)
        end(because: Failure(code: "node_lost", message: "\(name): the shell there was ended with a command"))
      }
    case .useless(let reason):
      state = .idle
      answer(.failure(self.reason.adding("no command can be run there without it: \(reason)")))
      next()
    }
  }

  private static func nonce() -> String {
    let digits = String(UInt64.random(in: .min ... .max), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

extension Failure {
  func adding(_ more: String) -> Failure { Failure(code: code, message: "\(message); \(more)", hint: hint) }
}

/// To a shell that was launched from here.
final class LocalShellWay: ShellWay {
  let shell: LaunchedShell
  init(_ shell: LaunchedShell) { self.shell = shell }
  func write(_ bytes: [UInt8]) { shell.write(bytes) }
  func end() { shell.terminate() }
}

/// To a shell behind another node: a stream on that node, which passes on bytes both ways.
final class RemoteShellWay: ShellWay, StreamReceiving {
  /// What its parent knows it by.
  let child: UInt32
  private weak var node: ShellNode?
  private unowned let core: RouterCore
  private var stream: NodeStream?

  init(child: UInt32, node: ShellNode, parent: NodeRecord, header: ByteBuffer, core: RouterCore) {
    self.child = child
    self.node = node
    self.core = core
    stream = core.openStream(on: parent, receiver: self)
    stream?.request(Parts.encode(header))
  }

  func write(_ bytes: [UInt8]) {
    var rest = ByteBuffer(bytes: bytes)
    while let piece = rest.readSlice(length: min(rest.readableBytes, WireLimits.fragment)), piece.readableBytes > 0 {
      stream?.data(piece, priority: .call)
    }
  }

  /// The shell is its launcher's again.
  func leave() { node = nil }

  func end() {
    // What was written reaches the shell before its end does.
    stream?.end(priority: .call)
    stream = nil
  }

  func frameReceived(_ frame: Frame, kind: FrameKind, on stream: NodeStream) {
    switch kind {
    case .data:
      stream.grant(UInt32(frame.payload.readableBytes))
      var bytes = frame.payload
      guard let mark = bytes.readInteger(as: UInt8.self) else { return }
      node?.outputReceived(Array(bytes.readableBytesView), isStderr: mark == 2)
    case .reply:
      self.stream = nil
      node?.ended(because: Failure(code: "node_lost", message: "\(node?.name ?? ""): the shell there has ended"))
    default: break
    }
  }

  func streamFailed(_ failure: Failure, on stream: NodeStream) {
    self.stream = nil
    node?.ended(because: failure)
  }
}
