import Logging
import Wire

/// Levels of log records on the wire, in rising order.
enum LogLevel: String, Comparable, Codable {
  case debug, info, warning, error

  static func < (a: LogLevel, b: LogLevel) -> Bool { a.rank < b.rank }

  private var rank: Int {
    switch self {
    case .debug: 0
    case .info: 1
    case .warning: 2
    case .error: 3
    }
  }

  init(_ level: Logger.Level) {
    switch level {
    case .trace, .debug: self = .debug
    case .info, .notice: self = .info
    case .warning: self = .warning
    case .error, .critical: self = .error
    }
  }

  var loggerLevel: Logger.Level {
    switch self {
    case .debug: .debug
    case .info: .info
    case .warning: .warning
    case .error: .error
    }
  }
}

/// The payload of LOG.
struct LogRecord: Codable {
  var level: LogLevel
  var logger: String?
  var text: String
}
