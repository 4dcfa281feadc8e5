import Glibc
import Logging

/// The environment variables that users set.
struct Environment {
  subscript(name: String) -> String? {
    guard let value = getenv(name) else { return nil }
    let text = String(cString: value)
    return text.isEmpty ? nil : text
  }

  /// "1", "true", "yes" and "on" switch on.
  func isOn(_ name: String) -> Bool {
    self[name].map { ["1", "true", "yes", "on"].contains($0.lowercased()) } ?? false
  }

  /// Folders between colons.
  func paths(_ name: String) -> [String] { self[name]?.split(separator: ":").map(String.init) ?? [] }

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
