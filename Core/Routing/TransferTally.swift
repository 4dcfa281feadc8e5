/// How far all transfers are together, since there was none under way.
public struct TransferState: Sendable, Equatable {
  /// Those under way.
  public var count: Int
  /// Where the one goes to, or comes from, if there is one. Ready to be shown, though other machines may have chosen it.
  public var name: String?
  /// Bytes of content.
  public var done: Int
  /// Unknown of what comes from a node.
  public var total: Int?
}

/// Adds up the transfers that are under way, and those that have ended while others were.
public struct TransferTally<ID: Hashable & Sendable>: Sendable {
  private struct Transfer {
    var name: String
    var done = 0
    var total: Int?
  }

  private var underWay: [ID: Transfer] = [:]
  /// Of those that have ended.
  private var (done, total): (Int, Int?) = (0, 0)

  public init() {}

  /// `nil`: there is none.
  public var state: TransferState? {
    guard !underWay.isEmpty else { return nil }
    return TransferState(
      count: underWay.count, name: underWay.count == 1 ? underWay.values.first?.name : nil,
      done: underWay.values.reduce(done) { $0 + $1.done },
      total: underWay.values.reduce(total) { sum, transfer in sum.flatMap { sum in transfer.total.map { sum + $0 } } })
  }

  public mutating func began(_ id: ID, name: String, total: Int?) {
    underWay[id] = Transfer(name: Self.shown(name), total: total)
  }

  /// - Returns: whether it is under way.
  public mutating func moved(_ id: ID, to done: Int) -> Bool {
    underWay[id]?.done = done
    return underWay[id] != nil
  }

  /// All of it was moved, though not all was told. It is still to end.
  ///
  /// - Returns: whether it is under way.
  public mutating func completed(_ id: ID) -> Bool {
    if let total = underWay[id]?.total { underWay[id]?.done = total }
    return underWay[id] != nil
  }

  /// Of one that was not completed no more is awaited.
  ///
  /// - Returns: whether it was under way.
  public mutating func ended(_ id: ID) -> Bool {
    guard let transfer = underWay.removeValue(forKey: id) else { return false }
    done += transfer.done
    total = total.flatMap { sum in transfer.total.map { _ in sum + transfer.done } }
    if underWay.isEmpty { (done, total) = (0, 0) }
    return true
  }

  /// A terminal obeys what is C0, DEL or C1.
  private static func shown(_ name: String) -> String {
    var shown = String.UnicodeScalarView()
    for scalar in name.unicodeScalars { shown.append(scalar.properties.generalCategory == .control ? "\u{fffd}" : scalar) }
    return String(shown)
  }
}
