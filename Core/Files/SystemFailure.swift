import Glibc
import Wire

/// A system call on a file of the controller that failed.
package struct SystemFailure: Error {
  package let failure: Failure

  /// Reads `errno`; to be made right after the call.
  package init(_ verb: String, _ path: String) {
    let reason = String(cString: strerror(errno))
    failure = Failure(code: "not_found", message: "cannot \(verb) \(path) on the controller: \(reason)")
  }

  package init(_ failure: Failure) { self.failure = failure }

  package static func changed(_ path: String) -> SystemFailure {
    SystemFailure(
      Failure(
        code: "changed", message: "\(path) on the controller changed while it was read",
        hint: "Try again when nobody writes to it."))
  }
}
