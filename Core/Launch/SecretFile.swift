import CMitogenSystem
import Glibc
import Plans

/// A secret for a program that reads it from a file: one in memory, which this account alone can open, by its name below
/// /proc. It is gone when this object is; on no disk is there ever anything of it.
final class SecretFile {
  private let descriptor: OwnedDescriptor

  var path: String { "/proc/\(getpid())/fd/\(descriptor.number)" }

  /// Ends with a newline, without which ssh does not read a key.
  init(_ secret: Secret) throws(SystemError) {
    var number: Int32 = -1
    let error = mitogen_memfd("secret", &number)
    guard error == 0 else { throw SystemError(call: "memfd_create", number: error) }
    descriptor = OwnedDescriptor(number)
    guard fchmod(number, 0o600) == 0 else { throw SystemError(call: "fchmod", number: errno) }
    var rest = Array(secret.reveal().utf8)[...]
    if rest.last != UInt8(ascii: "\n") { rest.append(UInt8(ascii: "\n")) }
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(number, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw SystemError(call: "write", number: errno) }
      rest = rest.dropFirst(count)
    }
  }
}

/// The secret files of a plan, by slot.
struct SecretFiles {
  private let files: [String: SecretFile]

  /// A slot without a secret has an empty file.
  init(_ plan: LaunchPlan, _ secrets: [String: Secret]) throws(SystemError) {
    var files: [String: SecretFile] = [:]
    for case .secretFile(let slot) in plan.argv where files[slot] == nil {
      files[slot] = try SecretFile(secrets[slot] ?? Secret(""))
    }
    self.files = files
  }

  /// The plan's argv with its bootstrap and the paths of its files put in.
  func commandLine(_ arguments: [LaunchPlan.Argument], bootstrap: [String]) -> [String] {
    arguments.flatMap { argument -> [String] in
      switch argument {
      case .literal(let text): [text]
      case .bootstrapWords: bootstrap
      case .bootstrapShellCommand: [ShellQuoting.join(bootstrap)]
      // Each slot of the plan was given a file.
      case .secretFile(let slot): [files[slot]?.path ?? "/dev/null"]
      }
    }
  }
}
