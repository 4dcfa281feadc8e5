import DequeModule

/// How many bytes of a transfer may be on their way: as many as keep the slowest part of the way busy, and hardly more, since
/// what lies in front of it delays every call on the same link.
///
/// The time from sending a byte to the credit for it says which it is. It is shortest when nothing waits anywhere; as long as it
/// stays near that, more is sent, and when it has become much longer, less. Every way has its own bandwidth and length, from
/// a container's pipe to a line around the world, and nobody has to know them.
///
/// For what comes from a node the same holds with credit that was given in the place of bytes that were sent.
public struct FlightWindow: Sendable {
  /// Bytes that may be on their way: never less than a stream begins with, since credit comes back in halves of that.
  public private(set) var limit: Int
  /// Bytes on their way.
  public private(set) var inFlight = 0

  private let floor: Int
  private let ceiling: Int
  private var sent = 0
  private var arrived = 0
  private var marks = Deque<(upTo: Int, at: UInt64)>()
  /// The shortest time so far, in nanoseconds.
  private var shortest = UInt64.max
  private var hasBeenCrowded = false
  private var wasBesideCalls = false

  /// Up to that many times the shortest nothing waits, in quarters; from that many on too much does.
  private static let (easy, crowded): (UInt64, UInt64) = (5, 8)
  /// Nanoseconds that may be added where nothing waits, or hardly: two machines' clocks, and the turns that a way of four processes
  /// takes on as few cores. With less, one of them often has nothing to do, which costs a large file a quarter of its rate over loopback.
  private static let patience: UInt64 = 10_000_000
  /// And beside calls, which would wait as long.
  private static let noise: UInt64 = 500_000

  public init(ceiling: Int, floor: Int) {
    self.floor = floor
    self.ceiling = max(ceiling, floor)
    limit = floor
  }

  /// Whether so many bytes may be sent now. Something always may where nothing is on its way.
  public func hasRoom(for bytes: Int) -> Bool { inFlight == 0 || inFlight + bytes <= limit }

  /// - Parameter now: nanoseconds of a clock that only goes on.
  public mutating func sent(_ bytes: Int, now: UInt64) {
    sent += bytes
    inFlight += bytes
    marks.append((sent, now))
  }

  /// - Parameter besideCalls: whether calls go the same way.
  public mutating func arrived(_ bytes: Int, now: UInt64, besideCalls: Bool = false) {
    let bytes = min(bytes, inFlight)
    arrived += bytes
    inFlight -= bytes
    var taken: UInt64?
    while let first = marks.first, first.upTo <= arrived {
      taken = now - first.at
      marks.removeFirst()
    }
    guard let taken else { return }
    shortest = min(shortest, taken)
    if besideCalls, !wasBesideCalls { limit = floor }
    wasBesideCalls = besideCalls
    let spare = (besideCalls ? Self.noise : Self.patience) * 4
    // What is seen of a change comes the time of the way later: once the limit is known about, it moves slowly.
    if taken * 4 <= shortest * Self.easy + spare {
      limit = min(limit + (hasBeenCrowded ? bytes / 8 : bytes), ceiling)
    } else if taken * 4 > shortest * Self.crowded + spare {
      limit = max(limit - bytes / (hasBeenCrowded ? 4 : 2), floor)
      hasBeenCrowded = true
    }
  }
}

/// What the transfers over one first hop may have on their way beyond what every stream begins with. All of it may come to lie
/// in the memory of whoever stands before the slowest part of the way.
public struct FlightShares: Sendable {
  /// Bytes for all of them together.
  public static let all = 8_388_608

  /// Nanoseconds for which another call is expected after one.
  private static let attention: UInt64 = 1_000_000_000

  private var left = all
  private var lastCall: UInt64?

  public init() {}

  public mutating func called(now: UInt64) { lastCall = now }

  /// Whether calls go over the hop.
  public func hasCalls(now: UInt64) -> Bool { lastCall.map { now - $0 < Self.attention } ?? false }

  /// Half of what is left: the first gets the most, and there is something for each that comes.
  public mutating func take() -> Int {
    let share = left / 2
    left -= share
    return share
  }

  public mutating func giveBack(_ share: Int) { left += share }

  public var isWhole: Bool { left == Self.all }
}
