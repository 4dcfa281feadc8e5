import NIOCore
import Wire

/// Decides when to ask a silent peer for a sign of life, and when to take it for dead. Holds no clock.
public struct Keepalive: Sendable {
  public enum Action: Equatable, Sendable {
    /// Look again at this time.
    case wait(until: NIODeadline)
    /// Send PING, then look again at this time.
    case ping(until: NIODeadline)
    case dead(silentFor: TimeAmount)
  }

  private let interval: TimeAmount
  private let limit: TimeAmount
  private var lastHeard: NIODeadline

  public init(_ settings: KeepaliveSettings, now: NIODeadline) {
    // A zero or negative interval would spin; a tenth of a second serves the tests.
    let seconds = max(settings.interval, 0.1)
    interval = .nanoseconds(Int64(seconds * 1e9))
    limit = .nanoseconds(Int64(seconds * 1e9 * Double(max(settings.count, 1))))
    lastHeard = now
  }

  public mutating func heard(at now: NIODeadline) { lastHeard = now }

  public func look(at now: NIODeadline) -> Action {
    let silence = now - lastHeard
    if silence >= limit { return .dead(silentFor: silence) }
    if silence >= interval { return .ping(until: min(now + interval, lastHeard + limit)) }
    return .wait(until: lastHeard + interval)
  }
}
