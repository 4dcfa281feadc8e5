import NIOCore
import Testing
import Wire

@testable import Routing

private func frame(_ stream: UInt32, _ priority: FramePriority, bytes: Int = 10, kind: FrameKind = .data) -> Frame {
  Frame(kind, node: 1, stream: stream, priority: priority, payload: ByteBuffer(repeating: 7, count: bytes))
}

@Suite struct FrameQueueTests {
  @Test func lowerClassesGoFirstWhateverTheOrderOfArrival() {
    var queue = FrameQueue()
    for priority in [FramePriority.file, .blob, .call, .control] { queue.push(frame(1, priority)) }
    var seen: [FramePriority] = []
    while let next = queue.pop() { seen.append(next.flags.priority) }
    #expect(seen == [.control, .call, .blob, .file])
    #expect(queue.isEmpty)
  }

  @Test func largeFilesTakeTurns() {
    var queue = FrameQueue()
    for _ in 0..<3 { queue.push(frame(1, .file)) }
    queue.push(frame(2, .file))
    queue.push(frame(3, .file))
    var seen: [UInt32] = []
    while let next = queue.pop() { seen.append(next.stream) }
    #expect(seen == [1, 2, 3, 1, 1])
  }

  @Test func callsKeepTheirOrder() {
    var queue = FrameQueue()
    for stream in 1...5 { queue.push(frame(UInt32(stream), .call)) }
    var seen: [UInt32] = []
    while let next = queue.pop() { seen.append(next.stream) }
    #expect(seen == [1, 2, 3, 4, 5])
  }

  @Test func bytesAreCountedInAndOut() {
    var queue = FrameQueue()
    queue.push(frame(1, .call, bytes: 100))
    queue.push(frame(2, .file, bytes: 50))
    #expect(queue.bytes == 150 + 2 * WireLimits.headerSize)
    queue.removeAll { $0.stream == 2 }
    #expect(queue.bytes == 100 + WireLimits.headerSize)
    _ = queue.pop()
    #expect(queue.bytes == 0)
  }
}

@Suite struct CreditTests {
  @Test func framesWaitForCreditInOrder() {
    var sender = StreamSender(credit: 15)
    let first = sender.offer(frame(1, .call, bytes: 10))
    // END costs nothing, but must not overtake.
    let blocked = sender.offer(frame(1, .call, bytes: 10)) + sender.offer(frame(1, .call, bytes: 0, kind: .end))
    let tooLittle = sender.granted(4)
    let enough = sender.granted(1)
    #expect(first.count == 1)
    #expect(blocked.isEmpty && tooLittle.isEmpty)
    #expect(enough.map(\.kind) == [FrameKind.data.rawValue, FrameKind.end.rawValue])
    #expect(sender.credit == 0)
  }

  @Test func creditCannotBeCountedOver() {
    var sender = StreamSender()
    for _ in 0..<4 { _ = sender.granted(.max) }
    #expect(sender.credit == Int(UInt32.max))
  }

  @Test func sendingBeyondTheCreditIsRefused() throws {
    var receiver = StreamReceiver()
    try receiver.received(WireLimits.initialCredit)
    #expect { try receiver.received(1) } throws: { ($0 as? WireError)?.code == .creditExceeded }
  }

  @Test func moreCreditMayBeGivenAtOnce() throws {
    var receiver = StreamReceiver(more: 1000)
    try receiver.received(WireLimits.initialCredit + 1000)
    #expect(throws: WireError.self) { try receiver.received(1) }
  }

  @Test func creditReturnsWhenHalfOfTheWindowIsUsed() throws {
    var receiver = StreamReceiver()
    try receiver.received(WireLimits.initialCredit)
    let little = receiver.consumed(100)
    #expect(little == nil)
    let half = receiver.consumed(WireLimits.initialCredit / 2)
    let returned = try #require(half)
    #expect(returned == UInt32(100 + WireLimits.initialCredit / 2))
    try receiver.received(Int(returned))
    #expect(throws: WireError.self) { try receiver.received(1) }
  }

  /// A message of any size passes a pair of sender and receiver, with never more in flight than the window.
  @Test(arguments: [1, 65_536, 262_144, 262_145, 3_000_000])
  func aMessageOfAnySizePasses(size: Int) throws {
    var sender = StreamSender()
    var receiver = StreamReceiver()
    var assembler = MessageAssembler()
    let message = ByteBuffer(repeating: 3, count: size)
    var wire = MessageCutter.cut(message, kind: .request, node: 1, stream: 1, priority: .call).flatMap { sender.offer($0) }
    var joined: ByteBuffer?
    while !wire.isEmpty {
      #expect(wire.reduce(0) { $0 + $1.payload.readableBytes } <= WireLimits.initialCredit)
      let flight = wire
      wire = []
      for frame in flight {
        try receiver.received(frame.payload.readableBytes)
        joined = try assembler.add(frame) ?? joined
        if let credit = receiver.consumed(frame.payload.readableBytes) { wire += sender.granted(credit) }
      }
    }
    #expect(joined == message)
  }

  @Test func aMessageOverTheLimitIsRefused() throws {
    var assembler = MessageAssembler(limit: 100)
    _ = try assembler.add(Frame(.reply, node: 1, stream: 1, more: true, payload: ByteBuffer(repeating: 0, count: 60)))
    #expect { try assembler.add(Frame(.reply, node: 1, stream: 1, payload: ByteBuffer(repeating: 0, count: 60))) } throws: {
      ($0 as? WireError)?.code == .messageTooLong
    }
  }
}

@Suite struct OpenGateTests {
  @Test func noMoreThanTheLimitOpenAtOnceAndTheOthersFollowInOrder() {
    var gate = OpenGate(limit: 2)
    var entered: [Bool] = []
    for node in 1...4 { entered.append(gate.enter(UInt32(node))) }
    var next: [UInt32?] = []
    for node in 1...3 { next.append(gate.done(UInt32(node))) }
    #expect(entered == [true, true, false, false])
    #expect(next == [3, 4, nil])
  }

  @Test func aNodeThatGivesUpWhileWaitingTakesNoPlace() {
    var gate = OpenGate(limit: 1)
    let (first, second) = (gate.enter(1), gate.enter(2))
    let (afterSecond, afterFirst) = (gate.done(2), gate.done(1))
    let third = gate.enter(3)
    #expect(first && !second && third)
    #expect(afterSecond == nil && afterFirst == nil)
  }
}
