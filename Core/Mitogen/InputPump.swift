import Glibc
import NIOCore
import Synchronization

/// Hands on what a descriptor has, as fast as the other side takes it, from a thread of its own.
///
/// After `stop` nothing is handed on: what takes it may be gone. The thread itself may last longer, in read(2).
final class InputPump: Sendable {
  private let pump: Pump
  private let wakeUp: Int32

  /// - Parameters:
  ///   - read: as read(2); blocks where there is nothing.
  ///   - take: called with each piece, at most 64 KiB; the future succeeds when more may come. Does not block.
  ///   - end: called after the last one. Does not block.
  init(
    reading descriptor: Int32, by read: @escaping Pump.Read = { Glibc.read($0, $1.baseAddress, $1.count) },
    take: @escaping @Sendable (ByteBuffer) -> EventLoopFuture<Void>, end: @escaping @Sendable () -> Void
  ) {
    var pair: [Int32] = [-1, -1]
    _ = socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &pair)
    wakeUp = pair[1]
    pump = Pump(descriptor: descriptor, wakeUp: pair[0], read: read, take: take, end: end)
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
      close(pair[0])
      end()
    }
  }

  /// Nobody wants more: the thread ends, whether something comes or not.
  func stop() {
    pump.isWanted.withLock { $0 = false }
    close(wakeUp)
  }
}

final class Pump: Sendable {
  typealias Read = @Sendable (_ descriptor: Int32, _ into: UnsafeMutableRawBufferPointer) -> Int

  /// Held while something is handed on.
  let isWanted = Mutex(true)
  private let descriptor: Int32
  private let wakeUp: Int32
  private let read: Read
  private let take: @Sendable (ByteBuffer) -> EventLoopFuture<Void>
  private let end: @Sendable () -> Void

  init(
    descriptor: Int32, wakeUp: Int32, read: @escaping Read, take: @escaping @Sendable (ByteBuffer) -> EventLoopFuture<Void>,
    end: @escaping @Sendable () -> Void
  ) {
    self.descriptor = descriptor
    self.wakeUp = wakeUp
    self.read = read
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
      let count = piece.withUnsafeMutableBytes { read(descriptor, $0) }
      if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
      guard count > 0 else { return isWanted.withLock { if $0 { end() } } }
      let taken = isWanted.withLock { $0 ? take(ByteBuffer(bytes: piece[..<count])) : nil }
      do {
        guard let taken else { return }
        try taken.wait()
      } catch {
        return
      }
    }
  }
}
