import ContainerKit
import PluginKit

/// A running jail of FreeBSD, entered by `jexec`.
struct JailConnection: ConnectionPlugin {
  static let name = "jail"
  static let summary = "Enters a running jail by jexec."
  static let aliases = ["community.general.jail"]

  static let options: [OptionDeclaration] = [
    .container("ansible_jail_host"),
    .account("ansible_jail_user", default: "root", note: "looked up in the jail."),
    // Another program of that name, Java's, may stand in front of it on the PATH.
    .program("mitogen_jexec_path", default: "/usr/sbin/jexec"),
    .openingTime,
  ]

  func plan(_ options: Options, probes: [ProbeResult]?) throws -> LaunchPlan {
    let container = try Container(
      options, method: Self.name, program: ["mitogen_jexec_path"], else: "/usr/sbin/jexec", standard: "root")
    var argv = container.program
    if let user = container.user { argv += ["-U", user] }
    return container.plan(
      argv + [container.name] + (try home(container.user, options)), hints: hints(container))
  }

  /// For -U older releases of jexec leave HOME as it is on the machine, and -l, which sets it, gives a PATH without
  /// /usr/local/bin, where Python is. So a shell in the jail looks it up. `~NAME` is expanded for a plain name only.
  private func home(_ user: String?, _ options: Options) throws -> [String] {
    guard let user else { return [] }
    guard user.utf8.allSatisfy({ $0 == 0x2D || $0 == 0x2E || $0 == 0x5F || isLetterOrDigit($0) }) else {
      throw options.refusal("remote_user", "\"\(user)\" is no name of an account", "correct ansible_user")
    }
    return ["/bin/sh", "-c", "HOME=~\(user); export HOME; exec \"$0\" \"$@\""]
  }

  private func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }

  /// The texts of jexec(8) and of the kernel.
  private func hints(_ container: Container) -> [LaunchPlan.ErrorHint] {
    [
      container.missing("jail \"\(container.name)\" not found", "see jls on the machine that has it"),
      container.unknownUser("no such user"),
      container.denied("Operation not permitted", "entering a jail needs root: use become's account on the machine"),
      container.nothingToRun("execvp"),
      container.nothingToRun("/bin/sh: not found"),
    ]
  }
}

private let library = PluginLibrary(version: "0.1.0", JailConnection())

@c @implementation public func mitogen_library_v1() -> UnsafePointer<mitogen_library>? { library.table }
