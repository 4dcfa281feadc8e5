import NIOCore
import Routing

/// What one transfer may have on its way beyond what its stream begins with, until it is given back.
final class FlightShare {
  let bytes: Int
  private let firstHop: UInt32
  private var core: RouterCore?

  init(of record: NodeRecord, core: RouterCore) {
    firstHop = core.tree[record.id]?.first ?? record.id
    bytes = core.flights[firstHop, default: FlightShares()].take()
    self.core = core
  }

  /// Whether calls go over the same hop.
  func isBesideCalls(now: UInt64) -> Bool { core?.flights[firstHop]?.hasCalls(now: now) ?? false }

  func giveBack() {
    guard let core else { return }
    core.flights[firstHop]?.giveBack(bytes)
    if core.flights[firstHop]?.isWhole == true { core.flights[firstHop] = nil }
    self.core = nil
  }
}

extension RouterCore {
  /// A call goes to the node: transfers over the same first hop make room.
  func callGoes(to record: NodeRecord) {
    guard !flights.isEmpty else { return }
    flights[tree[record.id]?.first ?? record.id]?.called(now: NIODeadline.now().uptimeNanoseconds)
  }
}
