/// How far all transfers are together, since there was none under way.
public struct TransferState: Sendable, Equatable {
  /// Those under way.
  public var count: Int
  /// Where the one goes to, or comes from, if there is one.
  public var name: String?
  /// Bytes of content.
  public var done: Int
  /// Unknown of what comes from a node.
  public var total: Int?
}

/// The transfers that are under way, for whoever shows how far they are. Bound to the event loop.
final class TransferBoard {
  private struct Transfer {
    var name: String
    var done = 0
    var total: Int?
  }

  /// `nil`: there is none.
  private let tell: @Sendable (TransferState?) -> Void
  private var underWay: [ObjectIdentifier: Transfer] = [:]
  /// Of those that have ended.
  private var (done, total): (Int, Int?) = (0, 0)

  init(tell: @escaping @Sendable (TransferState?) -> Void) { self.tell = tell }

  func began(_ client: ClientStream, name: String, total: Int?) {
    underWay[ObjectIdentifier(client)] = Transfer(name: name, total: total)
  }

  func moved(_ client: ClientStream, to done: Int) {
    guard underWay[ObjectIdentifier(client)] != nil else { return }
    underWay[ObjectIdentifier(client)]?.done = done
    tell(state)
  }

  func ended(_ client: ClientStream) {
    guard let transfer = underWay.removeValue(forKey: ObjectIdentifier(client)) else { return }
    done += transfer.done
    total = total.flatMap { sum in transfer.total.map { sum + $0 } }
    if underWay.isEmpty { (done, total) = (0, 0) }
    tell(underWay.isEmpty ? nil : state)
  }

  private var state: TransferState {
    TransferState(
      count: underWay.count, name: underWay.count == 1 ? underWay.values.first?.name : nil,
      done: underWay.values.reduce(done) { $0 + $1.done },
      total: underWay.values.reduce(total) { sum, transfer in sum.flatMap { sum in transfer.total.map { sum + $0 } } })
  }
}
