/// Says how far a copy is: bytes, rate and time left. Silent for one that takes less than a second.
package struct ProgressMeter: Sendable {
  /// Seconds from the start until something is said.
  package static let patience = 1.0

  private let start: Double
  /// Seconds between two lines.
  private let interval: Double
  private var lastSaid: Double?

  /// - Parameter start: in seconds of a clock that only goes on.
  package init(start: Double, interval: Double) {
    self.start = start
    self.interval = interval
  }

  /// The line to show now; `nil`: none.
  ///
  /// - Parameter total: `nil` where nobody knows.
  package mutating func line(done: Int, total: Int?, now: Double) -> String? {
    guard now - start >= Self.patience, lastSaid.map({ now - $0 >= interval }) ?? true else { return nil }
    lastSaid = now
    let rate = Double(done) / (now - start)
    guard let total else { return "\(Self.amount(done))  \(Self.amount(Int(rate)))/s" }
    let percent = total > 0 ? Int(Double(done) * 100 / Double(total)) : 100
    var line = "\(percent)%  \(Self.amount(done)) of \(Self.amount(total))  \(Self.amount(Int(rate)))/s"
    if rate >= 1, total >= done { line += "  \(Self.time((Double(total - done) / rate).rounded(.up))) left" }
    return line
  }

  /// The line that takes the place of the last one; `nil` where none was shown.
  package func closing(done: Int, now: Double) -> String? {
    guard lastSaid != nil else { return nil }
    let seconds = now - start
    return "\(Self.amount(done)) in \(Self.time(seconds.rounded(.up))), \(Self.amount(Int(Double(done) / seconds)))/s"
  }

  /// Bytes in the largest unit that leaves a whole number, with one digit behind the point below ten.
  static func amount(_ bytes: Int) -> String {
    var (value, unit) = (Double(bytes), 0)
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    while value >= 1024, unit + 1 < units.count { (value, unit) = (value / 1024, unit + 1) }
    guard unit > 0, value < 10 else { return "\(Int(value)) \(units[unit])" }
    let tenths = Int(value * 10)
    return "\(tenths / 10).\(tenths % 10) \(units[unit])"
  }

  /// 0:05, 12:34, 1:02:03.
  static func time(_ seconds: Double) -> String {
    let seconds = Int(min(seconds, 359_999))
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60)
    return (hours > 0 ? "\(hours):\(two(minutes))" : "\(minutes)") + ":\(two(seconds % 60))"
  }
}
