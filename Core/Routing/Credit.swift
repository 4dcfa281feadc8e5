import DequeModule
import NIOCore
import Wire

/// The sending half of one direction of a stream: frames that cost credit go out while it lasts, in order.
public struct StreamSender: Sendable {
  /// Bytes that may still be sent.
  public private(set) var credit: Int
  private var waiting = Deque<Frame>()
  /// Bytes of payload that wait for credit.
  public private(set) var waitingBytes = 0

  public init(credit: Int = WireLimits.initialCredit) { self.credit = credit }

  public var isIdle: Bool { waiting.isEmpty }

  /// Takes a frame; returns those that may go now.
  public mutating func offer(_ frame: Frame) -> [Frame] {
    waiting.append(frame)
    waitingBytes += frame.payload.readableBytes
    return release()
  }

  /// Takes credit for content that goes without a frame of this type, when nothing waits before it.
  public mutating func spend(_ bytes: Int) {
    precondition(waiting.isEmpty && bytes <= credit, "content beyond the credit")
    credit -= bytes
  }

  /// The receiver gave more; returns the frames that may go now. Credit has a ceiling, so that a peer cannot
  /// count it over.
  public mutating func granted(_ more: UInt32) -> [Frame] {
    credit = min(credit + Int(more), Int(UInt32.max))
    return release()
  }

  private mutating func release() -> [Frame] {
    var out: [Frame] = []
    while let first = waiting.first, first.payload.readableBytes <= credit || !first.costsCredit {
      if first.costsCredit { credit -= first.payload.readableBytes }
      waitingBytes -= first.payload.readableBytes
      out.append(waiting.removeFirst())
    }
    return out
  }
}

/// The receiving half: counts what came against what was granted, and says when to grant again.
public struct StreamReceiver: Sendable {
  private var allowed = WireLimits.initialCredit
  private var owed = 0

  /// - Parameter more: credit that is given beyond what every stream begins with.
  public init(more: Int = 0) { allowed += more }

  /// - Throws: `credit_exceeded` when the peer sent more than it may.
  public mutating func received(_ bytes: Int) throws(WireError) {
    guard bytes <= allowed else {
      throw WireError(.creditExceeded, "\(bytes) bytes with credit for \(allowed)")
    }
    allowed -= bytes
  }

  /// The bytes were used up. Returns the credit to send, when it is worth a frame.
  public mutating func consumed(_ bytes: Int) -> UInt32? {
    owed += bytes
    guard owed >= WireLimits.initialCredit / 2 else { return nil }
    defer { owed = 0 }
    allowed += owed
    return UInt32(owed)
  }
}

extension Frame {
  var costsCredit: Bool { knownKind?.usesCredit ?? false }
}
