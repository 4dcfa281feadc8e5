import ContainerKit
import PluginKit

/// A running container of Podman, entered by `podman exec`.
struct PodmanConnection: ConnectionPlugin {
  static let name = "podman"
  static let summary = "Enters a running container by podman exec."
  static let aliases = ["containers.podman.podman"]

  static let options: [OptionDeclaration] = [
    .container("ansible_podman_host"),
    .account(),
    .program("mitogen_podman_path", default: "podman"),
    .program(
      "podman_executable", default: "podman", vars: ["ansible_podman_executable"], env: ["ANSIBLE_PODMAN_EXECUTABLE"]),
    .string(
      "podman_extra_args", "Arguments for podman, before its command exec.", vars: ["ansible_podman_extra_args"],
      ini: ["defaults/podman_extra_args"], env: ["ANSIBLE_PODMAN_EXTRA_ARGS"]),
    .float(
      "container_timeout", "Seconds until the container must have answered; 0: as ansible_timeout says.", default: 0,
      vars: ["ansible_podman_timeout"], ini: ["defaults/podman_timeout"], env: ["ANSIBLE_PODMAN_TIMEOUT"]),
    .dictionary(
      "extra_env_vars", "Further environment in the container. podman gets it in its arguments, which others can see.",
      vars: ["ansible_podman_extra_env"]),
    .string("working_directory", "Directory in the container.", vars: ["ansible_podman_working_directory"]),
    .withoutEffect(
      "mount_detection", "files travel through the link.", vars: ["ansible_podman_mount_detection"],
      env: ["ANSIBLE_PODMAN_MOUNT_DETECTION"]),
    .withoutEffect(
      "ignore_mount_errors", "nothing is mounted.", vars: ["ansible_podman_ignore_mount_errors"]),
    .withoutEffect(
      "privilege_escalation_method", "become methods do it.", vars: ["ansible_podman_privilege_escalation"]),
    .openingTime,
  ]

  func plan(_ options: Options, probes: [ProbeResult]?) throws -> LaunchPlan {
    let container = try Container(
      options, method: Self.name, program: ["mitogen_podman_path", "podman_executable"], else: "podman",
      limit: .init("container_timeout", standard: 0))
    let extra = try options.words("podman_extra_args")

    var argv = container.program + extra + ["exec", "--interactive"]
    if let user = container.user { argv += ["--user", user] }
    if let directory = try options.string("working_directory") { argv += ["--workdir", directory] }
    argv += try options.environmentWords("extra_env_vars", "--env")
    return container.plan(
      argv + [container.name], hints: hints(container), leavesMachine: crossesNetwork(extra))
  }

  /// The texts of Podman 3 to 5, with crun and runc.
  private func hints(_ container: Container) -> [LaunchPlan.ErrorHint] {
    [
      container.missing(
        "no such container", "each account has containers of its own: check ansible_host, and who runs podman"),
      // Of a container that is paused it says the same.
      container.unreachable(
        "container state improper", "the container \(container.name) does not run, or is paused", "start it, or unpause it"),
      container.stopped("is not running"),
      container.unknownUser("unable to find user"),
      container.unreachable(
        "unable to connect to Podman", "the Podman service does not answer",
        "start it, or correct the address in ansible_podman_extra_args"),
      container.noDirectory("chdir to cwd", "ansible_podman_working_directory"),
      container.nothingToRun("attempted to invoke a command that was not found"),
      container.nothingToRun("executable file"),
      container.notStarted("OCI permission denied"),
      container.notStarted("exec failed"),
      container.denied("permission denied", "see the text of podman for what it could not open"),
    ]
  }
}

private let library = PluginLibrary(version: "0.1.0", PodmanConnection())

@c @implementation public func mitogen_library_v1() -> UnsafePointer<mitogen_library>? { library.table }
