import Glibc
import Mitogen
import Routing
import Synchronization

/// The last row of Ansible's terminal, which says how far transfers are as long as there are some.
///
/// Ansible writes to the same terminal (`mitogen_swift/progress.py`). A file in the run's directory is locked by who writes,
/// and its first byte is `1` while the row stands, so that Ansible removes it before it writes a line of its own. The router
/// never waits here: what cannot be shown now is shown a moment later, or not at all.
///
/// Where the descriptor is no terminal, since the user wants that, one line follows the other. What nobody reads is left out.
final class TerminalRow: Sendable {
  private struct State {
    var meter: ProgressMeter?
    var done = 0
    var stands = false
  }

  private let descriptor: Int32
  private let isTerminal: Bool
  /// Of the file that tells who writes; -1 where nobody else does.
  private let turn: Int32
  private let state = Mutex(State())

  /// - Parameter directory: the run's.
  init(_ descriptor: Int32, directory: String?) {
    self.descriptor = descriptor
    isTerminal = isatty(descriptor) == 1
    turn = isTerminal ? directory.map { open("\($0)/terminal", O_RDWR | O_CLOEXEC) } ?? -1 : -1
  }

  func show(_ transfers: TransferState?) {
    state.withLock { state in
      guard let transfers else { return finish(&state) }
      let now = SteadyClock.now
      if state.meter == nil { state.meter = ProgressMeter(start: now, interval: isTerminal ? 0.2 : 1) }
      state.done = transfers.done
      guard let line = state.meter?.line(done: transfers.done, total: transfers.total, now: now) else { return }
      let what = transfers.name ?? "\(transfers.count) transfers"
      write("\(what)  \(line)", &state)
    }
  }

  private func finish(_ state: inout State) {
    defer { state = State() }
    if isTerminal { return remove(&state) }
    guard let line = state.meter?.closing(done: state.done, now: SteadyClock.now) else { return }
    write(line, &state)
  }

  private static let (clear, atBegin) = ("\r\u{1b}[K", "\r")

  private func write(_ line: String, _ state: inout State) {
    guard isTerminal else {
      if hasRoom { Output.write(Array("mitogen: \(line)\n".utf8), to: descriptor) }
      return
    }
    takeTurn {
      put(Self.clear + cut(line) + Self.atBegin)
      say(stands: true)
    }
    state.stands = true
  }

  /// For a line, which is shorter than what a pipe then takes.
  private var hasRoom: Bool {
    var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return poll(&wanted, 1, 0) == 1 && wanted.revents & Int16(POLLOUT) != 0
  }

  private func remove(_ state: inout State) {
    guard state.stands else { return }
    takeTurn {
      if stands { put(Self.clear) }
      say(stands: false)
    }
  }

  /// A row that is longer than the terminal is wide would take two.
  private func cut(_ line: String) -> String {
    var size = winsize()
    let columns = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 1 ? Int(size.ws_col) - 1 : 79
    return String(line.prefix(columns))
  }

  private func put(_ text: String) {
    let bytes = Array(text.utf8)
    _ = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
  }

  // MARK: Whose turn it is

  private func takeTurn(_ action: () -> Void) {
    guard turn < 0 || flock(turn, LOCK_EX | LOCK_NB) == 0 else { return }
    action()
    if turn >= 0 { flock(turn, LOCK_UN) }
  }

  private var stands: Bool {
    var byte: UInt8 = 0
    return turn < 0 || pread(turn, &byte, 1, 0) == 1 && byte == UInt8(ascii: "1")
  }

  private func say(stands: Bool) {
    var byte = UInt8(ascii: stands ? "1" : "0")
    if turn >= 0 { _ = pwrite(turn, &byte, 1, 0) }
  }
}

enum SteadyClock {
  /// Seconds of a clock that only goes on.
  static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
