/// What a hop keeps of one source, so that it crosses the link to the hop once, whoever behind it gets it, and when.
///
/// One transfer at a time is the one that fills it: what it sends, the hop keeps. The others have that sent on by the hop, as
/// soon as it is known to be there, and wait for it meanwhile. Whoever comes to the end of what is there, when nobody fills it,
/// is the next to do so.
public struct KeptContent<Transfer: Hashable & Sendable>: Sendable {
  public enum Way: Sendable {
    /// The hop has it: it is told to send it on.
    case repeated
    /// It is sent, and the hop keeps it.
    case kept
    /// It is on its way there with another transfer.
    case later
    /// It is sent as if there were no hop.
    case plain
  }

  /// Bytes from the beginning that the hop is known to have.
  public private(set) var there = 0
  private var filling: Transfer?

  public init() {}

  public mutating func way(from offset: Int, bytes: Int, for transfer: Transfer) -> Way {
    if offset + bytes <= there { return .repeated }
    if filling == nil, offset <= there { filling = transfer }
    if filling == transfer { return .kept }
    return filling == nil ? .plain : .later
  }

  /// The receiver of a transfer has it up to there, so the hop before it has.
  ///
  /// - Returns: whether others may go on.
  public mutating func arrived(upTo offset: Int, of transfer: Transfer) -> Bool {
    guard filling == transfer, offset > there else { return false }
    there = offset
    return true
  }

  /// - Returns: whether others may go on.
  public mutating func ended(_ transfer: Transfer) -> Bool {
    guard filling == transfer else { return false }
    filling = nil
    return true
  }
}
