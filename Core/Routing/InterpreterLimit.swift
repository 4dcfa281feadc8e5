/// How many nodes may stand behind one node, so that a play that becomes ten thousand users does not fill the memory of
/// the machine that they are on (`MITOGEN_MAX_INTERPRETERS`).
///
/// The youngest goes first: accounts such as root or postgres are needed early in a run, and again and again.
public struct InterpreterLimit: Sendable {
  public enum Decision: Equatable, Sendable {
    /// There is room.
    case open
    /// End this one, with all behind it, and then open the new one.
    case recycle(UInt32)
    /// All are in use: the new one is opened beyond the limit, since to wait for them might be to wait for ever.
    case exceed
  }

  private let limit: Int

  /// - Parameter limit: at least 1.
  public init(limit: Int) { self.limit = max(limit, 1) }

  /// - Parameters:
  ///   - children: the nodes behind the one that gets another; the highest number is the youngest.
  ///   - isIdle: whether nobody uses the node or one behind it.
  public func another(besides children: some Collection<UInt32>, isIdle: (UInt32) -> Bool) -> Decision {
    if children.count < limit { return .open }
    return children.sorted(by: >).first(where: isIdle).map(Decision.recycle) ?? .exceed
  }
}
