import Testing

@testable import Routing

/// A way of so many bytes in a millisecond and a length in milliseconds, on which a transfer is always ready to send more.
private struct Way {
  var bandwidth: Double
  var length: Double
  var window: FlightWindow
  var hasCalls = false
  private var now = 0.0
  private var free = 0.0
  private var onTheWay: [(bytes: Int, at: Double)] = []

  init(bandwidth: Double, length: Double, ceiling: Int = 4 << 20, floor: Int = 262_144) {
    (self.bandwidth, self.length) = (bandwidth, length)
    window = FlightWindow(ceiling: ceiling, floor: floor)
  }

  private static let piece = 65_536

  /// Bytes in a millisecond that arrive within so many.
  mutating func run(milliseconds: Double) -> Double {
    let end = now + milliseconds
    var done = 0
    while now < end {
      while window.hasRoom(for: Self.piece) {
        window.sent(Self.piece, now: nanoseconds)
        free = max(free, now) + Double(Self.piece) / bandwidth
        onTheWay.append((Self.piece, free + length))
      }
      let next = onTheWay.removeFirst()
      now = next.at
      done += next.bytes
      window.arrived(next.bytes, now: nanoseconds, besideCalls: hasCalls)
    }
    return Double(done) / milliseconds
  }

  private var nanoseconds: UInt64 { UInt64(now * 1_000_000) }
}

@Suite struct FlightWindowTests {
  @Test func aLongWayIsFilled() {
    var way = Way(bandwidth: 10_000, length: 180)
    _ = way.run(milliseconds: 2_000)
    #expect(way.run(milliseconds: 2_000) > 8_000)
  }

  @Test func aShortWayIsFilledWithLittle() {
    var way = Way(bandwidth: 100_000, length: 1)
    #expect(way.run(milliseconds: 1_000) > 95_000)
    #expect(way.window.limit < 9 << 18)
  }

  @Test func itMakesRoomForCallsAndTakesItAgain() {
    var way = Way(bandwidth: 100_000, length: 1)
    _ = way.run(milliseconds: 1_000)
    let alone = way.window.limit
    way.hasCalls = true
    _ = way.run(milliseconds: 50)
    #expect(way.window.limit <= alone / 3)
    way.hasCalls = false
    #expect(way.run(milliseconds: 1_000) > 95_000)
    #expect(way.window.limit > alone * 3 / 4)
  }

  @Test func aCallIsRemembered() {
    var shares = FlightShares()
    #expect(!shares.hasCalls(now: 5))
    shares.called(now: 5)
    #expect(shares.hasCalls(now: 500_000_000) && !shares.hasCalls(now: 2_000_000_000))
  }

  @Test func aCallBehindATransferWaitsNoLongerThanTwiceTheWayAndAMoment() {
    var way = Way(bandwidth: 20_000, length: 30)
    _ = way.run(milliseconds: 5_000)
    #expect(Double(way.window.inFlight) / way.bandwidth <= 2 * 30 + 10 + Double(131_072) / way.bandwidth)
  }

  @Test func aWayThatBecomesNarrowHasLessOnIt() {
    var way = Way(bandwidth: 20_000, length: 180)
    _ = way.run(milliseconds: 3_000)
    let before = way.window.limit
    way.bandwidth = 2_000
    _ = way.run(milliseconds: 20_000)
    #expect(way.window.limit < before / 2)
  }

  @Test func nothingIsOnItsWayBeyondTheCeiling() {
    var way = Way(bandwidth: 1_000_000, length: 1_000, ceiling: 1 << 20)
    _ = way.run(milliseconds: 20_000)
    #expect(way.window.limit == 1 << 20)
  }

  @Test func whatArrivesTwiceIsCountedOnce() {
    var window = FlightWindow(ceiling: 1 << 20, floor: 262_144)
    window.sent(1_000, now: 0)
    window.arrived(5_000, now: 1)
    #expect(window.inFlight == 0)
    #expect(window.hasRoom(for: 1 << 20))
  }

  @Test func theSharesOfManyTogetherAreBounded() {
    var shares = FlightShares()
    let taken = (0..<100).map { _ in shares.take() }
    #expect(taken[0] == FlightShares.all / 2 && taken[1] == FlightShares.all / 4)
    #expect(taken.reduce(0, +) <= FlightShares.all)
    for share in taken { shares.giveBack(share) }
    #expect(shares.isWhole)
  }
}

@Suite struct KeptContentTests {
  @Test func theFirstFillsItAndTheOthersHaveItRepeated() {
    var content = KeptContent<Int>()
    #expect(content.way(from: 0, bytes: 10, for: 1) == .kept)
    #expect(content.way(from: 0, bytes: 10, for: 2) == .later)
    let grew = content.arrived(upTo: 10, of: 1)
    #expect(grew)
    #expect(content.way(from: 0, bytes: 10, for: 2) == .repeated)
    #expect(content.way(from: 10, bytes: 10, for: 2) == .later)
    #expect(content.way(from: 10, bytes: 10, for: 1) == .kept)
  }

  @Test func whenTheFirstEndsAnotherGoesOn() {
    var content = KeptContent<Int>()
    _ = content.way(from: 0, bytes: 10, for: 1)
    _ = content.arrived(upTo: 5, of: 1)
    let hasEnded = content.ended(1)
    #expect(hasEnded)
    // From where it is: what overlaps is the same.
    #expect(content.way(from: 0, bytes: 10, for: 2) == .kept)
    #expect(content.way(from: 0, bytes: 10, for: 3) == .later)
  }

  @Test func whoBeginsBehindWhatIsThereIsSentItAlone() {
    var content = KeptContent<Int>()
    #expect(content.way(from: 100, bytes: 10, for: 1) == .plain)
    #expect(content.way(from: 0, bytes: 10, for: 2) == .kept)
    #expect(content.way(from: 100, bytes: 10, for: 1) == .later)
  }

  @Test func onlyWhoFillsItSaysWhatIsThere() {
    var content = KeptContent<Int>()
    _ = content.way(from: 0, bytes: 10, for: 1)
    let (other, ended) = (content.arrived(upTo: 10, of: 2), content.ended(2))
    #expect(!other && !ended && content.there == 0)
  }
}
