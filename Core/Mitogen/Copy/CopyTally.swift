import NIOCore
import Synchronization
import Wire

/// What of a copy is done.
final class CopyTally: Sendable {
  private struct State {
    var total = 0
    var done = 0
    /// Bytes of files that are on their way, by file.
    var underWay: [String: Int] = [:]
  }

  private let state = Mutex(State())
  private let events: Session.CopyEvents

  init(_ events: Session.CopyEvents) { self.events = events }

  func begin(total: Int) { state.withLock { $0.total = total } }

  func moved(_ bytes: Int, of file: String) { tell { $0.underWay[file] = bytes } }

  func finished(_ file: String, bytes: Int) {
    tell { state in
      state.underWay[file] = nil
      state.done += bytes
    }
  }

  func problem(_ message: String) { state.withLock { _ in events.problem(message) } }

  private func tell(_ change: (inout State) -> Void) {
    state.withLock { state in
      change(&state)
      events.progress(state.underWay.values.reduce(state.done, +), state.total)
    }
  }
}

/// Requests whose answers are still to come, a few at a time: the link is never idle, and memory stays bounded.
struct RequestsUnderWay {
  private let most: Int
  private var waiting: [(reply: EventLoopFuture<[ByteBuffer]>, then: (Result<[ByteBuffer], Failure>) throws -> Void)] = []

  init(most: Int) { self.most = most }

  /// Waits for the oldest where there are too many.
  mutating func add(
    _ reply: EventLoopFuture<[ByteBuffer]>, then: @escaping (Result<[ByteBuffer], Failure>) throws -> Void
  ) throws {
    waiting.append((reply, then))
    while waiting.count >= most { try finishOldest() }
  }

  mutating func finish() throws {
    while !waiting.isEmpty { try finishOldest() }
  }

  private mutating func finishOldest() throws {
    let (reply, then) = waiting.removeFirst()
    do {
      try then(.success(try reply.wait()))
    } catch let failure as Failure where failure.isOfOneFile {
      try then(.failure(failure))
    }
  }
}
