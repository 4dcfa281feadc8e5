import Testing

@testable import Routing

@Suite struct TransferTallyTests {
  private var tally = TransferTally<Int>()

  @Test mutating func thoseThatEndedCountInFullThoughLittleOfThemWasTold() {
    tally.began(0, name: "web1: large", total: 10_000)
    for id in 1...20 {
      tally.began(id, name: "web\(id): file", total: 100)
      _ = tally.moved(id, to: 7)
      _ = tally.completed(id)
      _ = tally.ended(id)
    }
    _ = tally.moved(0, to: 5000)
    #expect(tally.state == TransferState(count: 1, name: "web1: large", done: 7000, total: 12_000))
  }

  @Test mutating func whatDidNotComeIsNotAwaited() {
    tally.began(0, name: "a", total: 1000)
    tally.began(1, name: "b", total: 500)
    _ = tally.moved(1, to: 200)
    _ = tally.ended(1)
    #expect(tally.state == TransferState(count: 1, name: "a", done: 200, total: 1200))
  }

  @Test mutating func theTotalIsUnknownWhereThatOfOneIs() {
    tally.began(0, name: "a", total: 1000)
    tally.began(1, name: "b", total: nil)
    _ = tally.moved(1, to: 300)
    #expect(tally.state == TransferState(count: 2, name: nil, done: 300, total: nil))
    _ = tally.completed(1)
    _ = tally.ended(1)
    #expect(tally.state == TransferState(count: 1, name: "a", done: 300, total: nil))
  }

  @Test mutating func withTheLastTheSumsBeginAnew() {
    tally.began(0, name: "a", total: 1000)
    _ = tally.completed(0)
    #expect(tally.state == TransferState(count: 1, name: "a", done: 1000, total: 1000))
    _ = tally.ended(0)
    #expect(tally.state == nil)
    let ofNone = [tally.moved(0, to: 1), tally.completed(0), tally.ended(0)]
    #expect(ofNone == [false, false, false])
    tally.began(1, name: "b", total: 10)
    #expect(tally.state == TransferState(count: 1, name: "b", done: 0, total: 10))
  }

  @Test mutating func aNameSaysNothingToATerminal() {
    tally.began(0, name: "web1: a\u{1b}[2Jb\r\nc\u{7f}\u{9b}d\u{0}grüß", total: nil)
    #expect(tally.state?.name == "web1: a\u{fffd}[2Jb\u{fffd}\u{fffd}c\u{fffd}\u{fffd}d\u{fffd}grüß")
  }
}
