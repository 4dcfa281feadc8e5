import ContainerKit
import PluginKit

/// A running container of LXC, entered by `lxc-attach`.
struct LXCConnection: ConnectionPlugin {
  static let name = "lxc"
  static let summary = "Enters a running container by lxc-attach."
  static let aliases = ["community.general.lxc"]

  static let options: [OptionDeclaration] = [
    .container("ansible_lxc_host"),
    .account(default: "root", note: "another than root is become by su in it."),
    .program("mitogen_lxc_attach_path", default: "lxc-attach"),
    .withoutEffect(
      "executable", "Python is started without a shell.", vars: ["ansible_executable", "ansible_lxc_executable"]),
    .openingTime,
  ]

  func plan(_ options: Options, probes: [ProbeResult]?) throws -> LaunchPlan {
    let container = try Container(
      options, method: Self.name, program: ["mitogen_lxc_attach_path"], else: "lxc-attach", standard: "root")
    // lxc-attach takes numbers of accounts only, and leaves HOME and the groups as they are.
    return container.plan(
      container.program + ["--clear-env", "--name", container.name, "--"],
      asUser: container.becoming(by: ["/bin/su"]), hints: hints(container) + container.suHints)
  }

  /// The texts of LXC 2 to 6. Whether the container is missing or stopped they do not say.
  private func hints(_ container: Container) -> [LaunchPlan.ErrorHint] {
    [
      container.denied("Insufficent privileges", "use root, or a container of the account's own"),
      container.denied("Insufficient privileges", "use root, or a container of the account's own"),
      container.unreachable(
        "Failed to get init pid", "there is no container \(container.name) that runs",
        "check ansible_host and lxc-ls --fancy; containers elsewhere need -P FOLDER in mitogen_lxc_attach_path"),
      container.unreachable(
        "is not running", "there is no container \(container.name) that runs",
        "check ansible_host and lxc-ls --fancy; containers elsewhere need -P FOLDER in mitogen_lxc_attach_path"),
      container.nothingToRun("Failed to exec"),
      // As LXC words the errors of calls; what su in the container is denied is another matter.
      container.denied("Permission denied - ", "use root, or a container of the account's own"),
    ]
  }
}

private let library = PluginLibrary(version: "0.1.0", LXCConnection())

@c @implementation public func mitogen_library_v1() -> UnsafePointer<mitogen_library>? { library.table }
