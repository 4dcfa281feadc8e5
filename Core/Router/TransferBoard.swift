import Routing

/// The transfers that are under way, for whoever shows how far they are. Bound to the event loop.
final class TransferBoard {
  /// `nil`: there is none.
  private let tell: @Sendable (TransferState?) -> Void
  private var tally = TransferTally<ObjectIdentifier>()

  init(tell: @escaping @Sendable (TransferState?) -> Void) { self.tell = tell }

  func began(_ client: ClientStream, name: String, total: Int?) {
    tally.began(ObjectIdentifier(client), name: name, total: total)
  }

  func moved(_ client: ClientStream, to done: Int) {
    if tally.moved(ObjectIdentifier(client), to: done) { tell(tally.state) }
  }

  /// - Parameter well: all of it was moved, which is not told piece by piece.
  func ended(_ client: ClientStream, well: Bool) {
    if well, tally.completed(ObjectIdentifier(client)) { tell(tally.state) }
    if tally.ended(ObjectIdentifier(client)) { tell(tally.state) }
  }
}
