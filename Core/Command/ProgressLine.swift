import Glibc
import Mitogen
import Synchronization

/// The line on standard error that says how far a copy is: on a terminal it is overwritten, elsewhere, where the user wants
/// it, one follows the other.
final class ProgressLine: Sendable {
  private struct State {
    var meter: ProgressMeter
    var done = 0
    var isShown = false
  }

  private let isOn: Bool
  private let isTerminal: Bool
  private let state: Mutex<State>

  /// - Parameter setting: `0` never, `1` always; otherwise on a terminal.
  init(switchedBy setting: String?) {
    isTerminal = isatty(STDERR_FILENO) == 1
    isOn = setting == "1" || setting != "0" && isTerminal
    state = Mutex(State(meter: ProgressMeter(start: SteadyClock.now, interval: isTerminal ? 0.2 : 1)))
  }

  func show(done: Int, total: Int) {
    guard isOn else { return }
    state.withLock { state in
      state.done = done
      guard let line = state.meter.line(done: done, total: total, now: SteadyClock.now) else { return }
      write(line, &state)
    }
  }

  /// A line that stays; the progress goes on below it.
  func say(_ text: String) {
    state.withLock { state in
      Output.write(Array("\(state.isShown ? Self.clear : "")\(text)\n".utf8), to: STDERR_FILENO)
      state.isShown = false
    }
  }

  func finish() {
    guard isOn else { return }
    state.withLock { state in
      guard let line = state.meter.closing(done: state.done, now: SteadyClock.now) else { return }
      write(line, &state)
      if isTerminal { Output.write(Array("\n".utf8), to: STDERR_FILENO) }
      state.isShown = false
    }
  }

  /// To the line's beginning, and nothing behind it.
  private static let clear = "\r\u{1b}[K"

  private func write(_ line: String, _ state: inout State) {
    Output.write(Array((isTerminal ? Self.clear + line : line + "\n").utf8), to: STDERR_FILENO)
    state.isShown = isTerminal
  }}
