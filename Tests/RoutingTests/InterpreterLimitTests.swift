import Testing

@testable import Routing

@Suite struct InterpreterLimitTests {
  /// Every set of four children, each idle or not, under every limit up to five.
  @Test func theYoungestIdleOneGoesAndNeverOneInUse() {
    let all: [UInt32] = [3, 5, 8, 13]
    for limit in 1...5 {
      for present in 0..<16 {
        for idle in 0..<16 {
          let children = all.enumerated().filter { present >> $0.offset & 1 == 1 }.map(\.element)
          let idlers = Set(all.enumerated().filter { idle >> $0.offset & 1 == 1 }.map(\.element))
          let decision = InterpreterLimit(limit: limit).another(besides: Set(children), isIdle: idlers.contains)
          let candidates = children.filter(idlers.contains)
          if children.count < limit {
            #expect(decision == .open)
          } else if let youngest = candidates.max() {
            #expect(decision == .recycle(youngest))
          } else {
            #expect(decision == .exceed)
          }
        }
      }
    }
  }

  @Test(arguments: [0, -7]) func aLimitOfNothingIsALimitOfOne(_ limit: Int) {
    let limit = InterpreterLimit(limit: limit)
    #expect(limit.another(besides: [], isIdle: { _ in true }) == .open)
    #expect(limit.another(besides: [4], isIdle: { _ in true }) == .recycle(4))
  }

  @Test func nobodyIsAskedWhileThereIsRoom() {
    _ = InterpreterLimit(limit: 2).another(besides: [1]) { _ in
      Issue.record("asked")
      return true
    }
  }
}
