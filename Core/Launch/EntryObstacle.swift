import Glibc
import Plans

/// What may stand in the way into a container. The agent has the same words; both read
/// `Tests/Vectors/launch/entering.json`.
enum EntryObstacle: String, Sendable {
  /// The process, or its namespaces, cannot be opened.
  case open
  /// It is in the namespaces that we are in.
  case here
  case join
  case root
  /// Its /etc/passwd knows no such user.
  case user
  case group
  /// The user's numbers cannot be taken.
  case account
  /// Nothing was executed in time.
  case time

  /// - Parameter number: the errno.
  func error(_ enter: LaunchPlan.Enter, description: String, number: Int32) -> LaunchError {
    let (code, message, hint) = words(enter, number)
    return LaunchError(code: code, message: "\(description): \(message)", hint: hint)
  }

  private func words(_ enter: LaunchPlan.Enter, _ number: Int32) -> (code: String, message: String, hint: String) {
    let reason = String(cString: strerror(number))
    let (user, group) = enter.account
    switch self {
    case .open where number == ENOENT || number == ESRCH, .join where number == ESRCH:
      return ("unreachable", "its first process, \(enter.pid), has ended", "Start it again.")
    case .here:
      return ("unreachable", "process \(enter.pid) is none of its: it is in our own namespaces", "Start it again.")
    case .open, .join, .root:
      let isDenied = number == EPERM || number == EACCES
      return (
        "unreachable", "the namespaces of process \(enter.pid) cannot be entered: \(reason)",
        isDenied ? "That takes root: connect as root, or through a hop that becomes root." : ""
      )
    case .user: return ("unreachable", "there is no user \"\(user)\" in its /etc/passwd", "Set ansible_user to one that is there.")
    case .group: return ("unreachable", "there is no group \"\(group ?? "")\" in its /etc/group", "Set ansible_user without it, or to one that is there.")
    case .account: return ("unreachable", "user \"\(user)\" cannot be become in it: \(reason)", "Set ansible_user to one that its user namespace has.")
    case .time: return ("timeout", "it let nothing be executed within 5 s", "See whether its file system answers.")
    }
  }
}
