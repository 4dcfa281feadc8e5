import ContainerKit
import PluginKit

/// A working container of Buildah, in which commands are run by `buildah run`: nothing has to run in it before.
struct BuildahConnection: ConnectionPlugin {
  static let name = "buildah"
  static let summary = "Runs in a working container by buildah run."
  static let aliases = ["containers.podman.buildah"]

  static let options: [OptionDeclaration] = [
    .container("ansible_buildah_host"),
    .account(),
    .program("mitogen_buildah_path", default: "buildah"),
    .program(
      "buildah_executable", default: "buildah", vars: ["ansible_buildah_executable"],
      env: ["ANSIBLE_BUILDAH_EXECUTABLE"]),
    .string(
      "buildah_extra_args", "Arguments for buildah, before its command run.", vars: ["ansible_buildah_extra_args"],
      ini: ["defaults/buildah_extra_args"], env: ["ANSIBLE_BUILDAH_EXTRA_ARGS"]),
    .float(
      "container_timeout", "Seconds until the container must have answered; 0: as ansible_timeout says.", default: 0,
      vars: ["ansible_buildah_timeout"], ini: ["defaults/buildah_timeout"], env: ["ANSIBLE_BUILDAH_TIMEOUT"]),
    .dictionary(
      "extra_env_vars", "Further environment in the container. buildah gets it in its arguments, which others can see.",
      vars: ["ansible_buildah_extra_env"]),
    .string(
      "working_directory", "Directory in the container.", vars: ["ansible_buildah_working_directory"],
      env: ["ANSIBLE_BUILDAH_WORKING_DIRECTORY"]),
    .bool(
      "auto_commit", "Cannot be true here: committing is a task's affair.", default: false,
      vars: ["ansible_buildah_auto_commit"]),
    .withoutEffect(
      "mount_detection", "files travel through the link.", vars: ["ansible_buildah_mount_detection"],
      env: ["ANSIBLE_BUILDAH_MOUNT_DETECTION"]),
    .withoutEffect(
      "ignore_mount_errors", "nothing is mounted.", vars: ["ansible_buildah_ignore_mount_errors"]),
    .openingTime,
  ]

  func plan(_ options: Options, probes: [ProbeResult]?) throws -> LaunchPlan {
    let container = try Container(
      options, method: Self.name, program: ["mitogen_buildah_path", "buildah_executable"], else: "buildah",
      limit: .init("container_timeout", standard: 0))
    guard try !options.bool("auto_commit") else {
      throw options.refusal(
        "auto_commit", "a node stays open for many tasks, so there is no moment to commit at",
        "run buildah commit in a task on the machine that has the container")
    }
    var argv = try container.program + options.words("buildah_extra_args") + ["run"]
    if let user = container.user { argv += ["--user", user] }
    if let directory = try options.string("working_directory") { argv += ["--workingdir", directory] }
    argv += try options.environmentWords("extra_env_vars", "--env")
    return container.plan(argv + [container.name, "--"], hints: hints(container))
  }

  /// The texts of Buildah 1.19 to 1.40.
  private func hints(_ container: Container) -> [LaunchPlan.ErrorHint] {
    [
      container.missing(
        "container not known", "make it with buildah from; each account has containers of its own"),
      container.missing("no such container", "make it with buildah from; each account has containers of its own"),
      container.unknownUser("unable to find user"),
      container.unknownUser("looking up user"),
      container.nothingToRun("no such file or directory"),
      container.nothingToRun("executable file"),
      container.denied("permission denied", "see the text of buildah for what it could not open"),
      container.denied("operation not permitted", "run it as root, or under buildah unshare"),
    ]
  }
}

private let library = PluginLibrary(version: "0.1.0", BuildahConnection())

@c @implementation public func mitogen_library_v1() -> UnsafePointer<mitogen_library>? { library.table }
