import PluginKit

/// A node on the parent's own machine, under the parent's own account: no transport at all.
struct LocalConnection: ConnectionPlugin {
  static let name = "local"
  static let summary = "Runs on the machine that the parent node, or the router, runs on."
  static let aliases = ["ansible.builtin.local"]

  static let options: [OptionDeclaration] = [
    .dictionary("environment", "Changes to the environment: those of the playbook's process."),
    .string("directory", "Working directory: that of the playbook's process."),
    .float(
      "timeout", "Seconds until the node must have answered.", default: 10, vars: ["ansible_timeout"],
      ini: ["defaults/timeout"], env: ["ANSIBLE_TIMEOUT"]),
  ]

  func plan(_ options: Options, probes: [ProbeResult]?) throws -> LaunchPlan {
    LaunchPlan(
      argv: [.bootstrapWords],
      environment: try options.dictionary("environment"),
      directory: try options.string("directory"),
      stdio: .socketpair,
      // The router has no interpreter of its own that a node could be started with.
      interpreter: .discover,
      leavesMachine: false,
      description: "local",
      timeout: try options.seconds("timeout"))
  }
}

private let library = PluginLibrary(version: "0.1.0", LocalConnection())

@c @implementation public func mitogen_library_v1() -> UnsafePointer<mitogen_library>? { library.table }
