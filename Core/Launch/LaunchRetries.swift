import Plans

/// Whether a launch that failed is tried again, and when: after 0, 1, 3, 7, 15 and then 30 seconds, as Ansible does it.
///
/// Only what may pass by itself is tried again. A refused login stays refused, and accounts get locked. What ended once
/// Python ran is not tried again either: what was sent to it cannot be sent twice.
public struct LaunchRetries: Sendable {
  /// Seconds.
  private static let longestPause = 30
  /// More would last for hours.
  private static let most = 1000
  private var left: Int
  private var pause = 0

  public init(_ plan: LaunchPlan) { left = min(plan.retries, Self.most) }

  /// - Parameter code: the failure's.
  /// - Returns: seconds to wait before the next attempt; `nil` if there is none.
  public mutating func failed(_ code: String) -> Int? {
    guard left > 0, code == "unreachable" else { return nil }
    left -= 1
    defer { pause = min(pause * 2 + 1, Self.longestPause) }
    return pause
  }

  /// Seconds that all attempts of a plan may last.
  public static func longest(_ plan: LaunchPlan) -> Double {
    var retries = LaunchRetries(plan)
    let each = min(plan.timeout, LaunchAttempt.longestTimeout)
    var seconds = each
    while let pause = retries.failed("unreachable") { seconds += Double(pause) + each }
    return seconds
  }
}
