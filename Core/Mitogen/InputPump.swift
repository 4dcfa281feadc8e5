import Glibc
import NIOCore

/// Hands on what a descriptor has, as fast as the other side takes it, from a thread of its own.
final class InputPump: Sendable {
  private let wakeUp: (read: Int32, write: Int32)

  /// - Parameters:
  ///   - take: called with each piece, at most 64 KiB; returns when more may come.
  ///   - end: called after the last one.
  init(
    reading descriptor: Int32, take: @escaping @Sendable (ByteBuffer) throws -> Void,
    end: @escaping @Sendable () -> Void
  ) {
    var pair: [Int32] = [-1, -1]
    _ = socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &pair)
    let (ours, theirs) = (pair[1], pair[0])
    wakeUp = (theirs, ours)
    let pump = Pump(descriptor: descriptor, wakeUp: theirs, take: take, end: end)
    let box = Unmanaged.passRetained(pump)
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { box in
        Unmanaged<Pump>.fromOpaque(box!).takeRetainedValue().run()
        return nil
      }, box.toOpaque())
    if status == 0 {
      pthread_detach(thread)
    } else {
      box.release()
      close(theirs)
      end()
    }
  }

  /// Nobody wants more: the thread ends, whether something comes or not.
  func stop() { close(wakeUp.write) }
}

private final class Pump {
  let descriptor: Int32
  let wakeUp: Int32
  let take: (ByteBuffer) throws -> Void
  let end: () -> Void

  init(descriptor: Int32, wakeUp: Int32, take: @escaping (ByteBuffer) throws -> Void, end: @escaping () -> Void) {
    self.descriptor = descriptor
    self.wakeUp = wakeUp
    self.take = take
    self.end = end
  }

  func run() {
    defer { close(wakeUp) }
    var sources = [
      pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0), pollfd(fd: wakeUp, events: Int16(POLLIN), revents: 0),
    ]
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let ready = poll(&sources, 2, -1)
      if ready < 0 && errno == EINTR { continue }
      if ready < 0 || sources[1].revents != 0 { return }
      let count = read(descriptor, &piece, piece.count)
      if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
      guard count > 0 else { return end() }
      do {
        try take(ByteBuffer(bytes: piece[..<count]))
      } catch {
        return
      }
    }
  }
}
