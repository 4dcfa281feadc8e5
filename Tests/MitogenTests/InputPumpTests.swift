import Glibc
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Mitogen

@Suite struct InputPumpTests {
  /// Something that happened once, for a thread that waits for it.
  private final class Event: Sendable {
    private let reader: Int32, writer: Int32

    init() {
      var pair: [Int32] = [-1, -1]
      precondition(pipe(&pair) == 0)
      (reader, writer) = (pair[0], pair[1])
    }

    deinit {
      close(reader)
      close(writer)
    }

    func happens() { _ = write(writer, "x", 1) }

    func await() {
      var byte: UInt8 = 0
      _ = read(reader, &byte, 1)
    }
  }

  /// Tells when nobody holds it any more.
  private final class Sentinel: Sendable {
    private let event: Event
    init(_ event: Event) { self.event = event }
    deinit { event.happens() }
  }

  private let done = MultiThreadedEventLoopGroup.singleton.next().makeSucceededVoidFuture()

  /// A piece, and the end.
  @Test(arguments: [1, 0])
  func nothingIsHandedOnOnceItWasStopped(_ count: Int) {
    let null = open("/dev/null", O_RDONLY)
    defer { close(null) }
    let isReading = Event()
    let mayReturn = Event()
    let threadHasEnded = Event()
    let handedOn = Mutex<[String]>([])
    do {
      let sentinel = Sentinel(threadHasEnded)
      let pump = InputPump(
        reading: null,
        by: { _, _ in
          withExtendedLifetime(sentinel) { isReading.happens() }
          mayReturn.await()
          return count
        },
        take: { [done] _ in
          handedOn.withLock { $0.append("a piece") }
          return done
        }, end: { handedOn.withLock { $0.append("the end") } })
      isReading.await()
      pump.stop()
      mayReturn.happens()
    }
    threadHasEnded.await()
    #expect(handedOn.withLock { $0 } == [])
  }

  @Test func allIsHandedOnAndThenTheEnd() {
    var pair: [Int32] = [-1, -1]
    #expect(pipe(&pair) == 0)
    let bytes = [UInt8](repeating: 7, count: 1000)
    #expect(write(pair[1], bytes, bytes.count) == bytes.count)
    close(pair[1])
    defer { close(pair[0]) }
    let hasEnded = Event()
    let taken = Mutex(ByteBuffer())
    let pump = InputPump(
      reading: pair[0],
      take: { [done] piece in
        taken.withLock { _ = $0.writeImmutableBuffer(piece) }
        return done
      }, end: { hasEnded.happens() })
    hasEnded.await()
    pump.stop()
    #expect(taken.withLock { Array($0.readableBytesView) } == bytes)
  }
}
