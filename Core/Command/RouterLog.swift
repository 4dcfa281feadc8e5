import Glibc
import Logging

/// The router's log: standard error, which Ansible's process gave it, or a file where the user asked for one.
enum RouterLog {
  /// - Parameter toFile: `/tmp/mitogen.<pid>.log`, as `MITOGEN_ROUTER_DEBUG` promises. Made anew, never followed
  ///   through a link that somebody put there.
  static func make(level: Logger.Level, toFile: Bool) -> Logger {
    if toFile {
      let path = "/tmp/mitogen.\(getpid()).log"
      // Of a process that had our number; or a link, through which nothing may be written.
      unlink(path)
      let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
      if descriptor >= 0 { dup2(descriptor, STDERR_FILENO) }
    }
    var log = Logger(label: "mitogen") { StreamLogHandler.standardError(label: $0) }
    log.logLevel = level
    return log
  }
}
