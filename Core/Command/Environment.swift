import Glibc
import Logging

/// The environment variables that users set.
struct Environment {
  subscript(name: String) -> String? {
    guard let value = getenv(name) else { return nil }
    let text = String(cString: value)
    return text.isEmpty ? nil : text
  }

  /// The value of a variable that nobody else may see: it is gone afterwards, for what is started from here as well as
  /// for who reads /proc/PID/environ, which shows the very bytes that getenv points to.
  ///
  /// Before other threads look at the environment only.
  func takeSecret(_ name: String) -> String? {
    guard let value = getenv(name) else { return nil }
    let text = String(cString: value)
    memset(value, 0, strlen(value))
    unsetenv(name)
    return text.isEmpty ? nil : text
  }

  /// All of it.
  var all: [String: String] {
    var all: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      let pair = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if pair.count == 2 { all[String(pair[0])] = String(pair[1]) }
      entry += 1
    }
    return all
  }

  struct NotANumber: Error, CustomStringConvertible {
    var name: String, text: String
    var description: String { "\(name) is \"\(text)\"; expected a whole number above 0. Correct it, or unset it." }
  }

  /// `nil` where it is not set.
  func number(_ name: String) throws(NotANumber) -> Int? {
    guard let text = self[name] else { return nil }
    guard let number = Int(text), number > 0 else { throw NotANumber(name: name, text: text) }
    return number
  }

  /// "1", "true", "yes" and "on" switch on.
  func isOn(_ name: String) -> Bool {
    self[name].map { ["1", "true", "yes", "on"].contains($0.lowercased()) } ?? false
  }

  /// `MITOGEN_LOG_LEVEL`: the name of a level of Python's logging, or `IO`, which includes everything.
  var logLevel: Logger.Level {
    switch self["MITOGEN_LOG_LEVEL"]?.uppercased() {
    case "IO": .trace
    case "DEBUG": .debug
    case "INFO": .info
    case "ERROR": .error
    case "CRITICAL": .critical
    default: .warning
    }
  }
}
