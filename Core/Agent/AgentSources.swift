/// The agent's Python sources, as they stand in `python/`. What is sent is made from them by the rule of
/// `python/assembly.list`: the core, and each part, is its files stripped and concatenated in the order given there.
///
/// The order is repeated here because resources are named at compile time; a test compares the two.
public enum AgentSources {
  /// The core's files, in order: strip each, end each with a newline, concatenate, compress with zlib at level 9.
  public static var coreFiles: [[UInt8]] {
    [
      PackageResources.compat_py, PackageResources.wire_py, PackageResources.loop_py, PackageResources.link_py,
      PackageResources.store_py, PackageResources.stream_py, PackageResources.process_py,
      PackageResources.executor_py, PackageResources.forkserver_py, PackageResources.pool_py,
      PackageResources.agent_py, PackageResources.main_py,
    ]
  }

  /// The parts, which travel as blobs when a request first names them in `part`.
  public static let partNames = [
    "batch", "enter", "exec", "files", "job", "launch", "surroundings", "tidy", "trace", "trees", "vacate",
  ]

  /// The files of a part, in order: stripped and concatenated like the core's they are the part's blob.
  public static func part(named name: String) -> [[UInt8]]? {
    switch name {
    case "batch": [PackageResources.batch_py]
    case "enter":
      [
        PackageResources.spawn_py, PackageResources.prompts_py, PackageResources.bootstrap_py,
        PackageResources.launching_py, PackageResources.kept_py, PackageResources.child_py, PackageResources.secret_file_py, PackageResources.shell_py,
        PackageResources.launch_py,
        PackageResources.entering_py, PackageResources.enter_py,
      ]
    case "exec": [PackageResources.spawn_py, PackageResources.prompts_py, PackageResources.exec_py]
    case "files":
      [PackageResources.spawn_py, PackageResources.whole_file_py, PackageResources.gathering_py, PackageResources.put_py, PackageResources.files_py]
    // Executed by executors, not by the agent.
    case "job": [PackageResources.job_py]
    case "launch":
      [
        PackageResources.spawn_py, PackageResources.prompts_py, PackageResources.bootstrap_py,
        PackageResources.launching_py, PackageResources.kept_py, PackageResources.child_py, PackageResources.secret_file_py, PackageResources.shell_py,
        PackageResources.launch_py,
      ]
    case "surroundings": [PackageResources.environment_py, PackageResources.surroundings_py]
    case "tidy":
      [
        PackageResources.process_state_py, PackageResources.module_state_py, PackageResources.interpreter_state_py,
        PackageResources.tidy_py,
      ]
    case "trace": [PackageResources.trace_py]
    case "trees": [PackageResources.whole_file_py, PackageResources.trees_py]
    case "vacate": [PackageResources.vacate_py]
    default: nil
    }
  }

  /// The part that serves an operation; `nil`: the core does.
  public static func part(serving operation: String) -> String? {
    switch operation {
    case "exec": "exec"
    case "put", "get", "tmp", "remove", "run_in_directory": "files"
    case "list", "put_many", "get_many": "trees"
    case "open": "launch"
    case "enter": "enter"
    default: nil
    }
  }
}
