import DequeModule

/// How many nodes are being opened at once: the others wait in the order in which they were asked for.
public struct OpenGate: Sendable {
  private let limit: Int
  private var opening: Set<UInt32> = []
  private var waiting = Deque<UInt32>()

  /// - Parameter limit: `MITOGEN_POOL_SIZE`; at least 1.
  public init(limit: Int) { self.limit = max(limit, 1) }

  /// Whether the node may be opened now; otherwise it waits, and `done` will name it.
  public mutating func enter(_ node: UInt32) -> Bool {
    if opening.count < limit {
      opening.insert(node)
      return true
    }
    waiting.append(node)
    return false
  }

  /// The node is open, or will not be. Returns the one to open next.
  public mutating func done(_ node: UInt32) -> UInt32? {
    if opening.remove(node) == nil {
      waiting.removeAll { $0 == node }
      return nil
    }
    guard let next = waiting.popFirst() else { return nil }
    opening.insert(next)
    return next
  }
}
