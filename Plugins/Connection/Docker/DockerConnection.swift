import ContainerKit
import PluginKit

/// A running container of Docker, entered by `docker exec`.
struct DockerConnection: ConnectionPlugin {
  static let name = "docker"
  static let summary = "Enters a running container by docker exec."
  static let aliases = ["community.docker.docker", "community.general.docker"]

  static let options: [OptionDeclaration] = [
    .container("ansible_docker_host"),
    .account("ansible_docker_user"),
    .program("mitogen_docker_path", default: "docker"),
    .string(
      "docker_extra_args", "Arguments for docker, before its command exec: -H ADDRESS and the like.",
      vars: ["ansible_docker_extra_args"], ini: ["docker_connection/extra_cli_args"]),
    .float(
      "container_timeout", "Seconds until the container must have answered; 10: as ansible_timeout says.", default: 10,
      vars: ["ansible_docker_timeout"], ini: ["defaults/timeout", "docker_connection/timeout"],
      env: ["ANSIBLE_TIMEOUT", "ANSIBLE_DOCKER_TIMEOUT"]),
    .dictionary(
      "extra_env", "Further environment in the container. docker gets it in its arguments, which others can see.",
      vars: ["ansible_docker_extra_env"]),
    .string(
      "working_dir", "Directory in the container.", vars: ["ansible_docker_working_dir"],
      ini: ["docker_connection/working_dir"], env: ["ANSIBLE_DOCKER_WORKING_DIR"]),
    .bool(
      "privileged", "Whether all capabilities are given.", default: false, vars: ["ansible_docker_privileged"],
      ini: ["docker_connection/privileged"], env: ["ANSIBLE_DOCKER_PRIVILEGED"]),
    .openingTime,
  ]

  func plan(_ options: Options, probes: [ProbeResult]?) throws -> LaunchPlan {
    let container = try Container(
      options, method: Self.name, program: ["mitogen_docker_path"], else: "docker",
      limit: .init("container_timeout", standard: 10))
    let extra = try options.words("docker_extra_args")

    var argv = container.program + extra + ["exec", "--interactive"]
    if let user = container.user { argv += ["--user", user] }
    if let directory = try options.string("working_dir") { argv += ["--workdir", directory] }
    if try options.bool("privileged") { argv.append("--privileged") }
    argv += try options.environmentWords("extra_env", "--env")
    return container.plan(
      argv + [container.name], hints: hints(container), leavesMachine: crossesNetwork(extra))
  }

  /// The texts of Docker 1.13 to 29.
  private func hints(_ container: Container) -> [LaunchPlan.ErrorHint] {
    [
      container.missing("No such container"),
      container.stopped("is not running"),
      container.unreachable("is paused", "the container \(container.name) is paused", "docker unpause it"),
      container.unreachable("is restarting", "the container \(container.name) is restarting", "see docker logs"),
      container.unknownUser("unable to find user"),
      container.denied("permission denied while trying to connect", "add it to the group docker, or use become's account"),
      container.unreachable(
        "Cannot connect to the Docker daemon", "the Docker daemon does not answer",
        "start it, or name its address in ansible_docker_extra_args (-H) or DOCKER_HOST"),
      container.unreachable(
        "failed to connect to the docker API", "the Docker daemon does not answer",
        "start it, or name its address in ansible_docker_extra_args (-H) or DOCKER_HOST"),
      container.noDirectory("chdir to cwd", "ansible_docker_working_dir"),
      container.nothingToRun("no such file or directory: unknown"),
      container.nothingToRun("executable file not found"),
      container.notStarted("exec failed"),
      // The daemon writes what its runtime could not start where the program's output would be.
      container.unknownUser("unable to find user", on: "stdout"),
      container.noDirectory("chdir to cwd", "ansible_docker_working_dir", on: "stdout"),
      container.nothingToRun("no such file or directory: unknown", on: "stdout"),
      container.nothingToRun("executable file not found", on: "stdout"),
      container.notStarted("exec failed", on: "stdout"),
    ]
  }
}

private let library = PluginLibrary(version: "0.1.0", DockerConnection())

@c @implementation public func mitogen_library_v1() -> UnsafePointer<mitogen_library>? { library.table }
