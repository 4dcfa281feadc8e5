import PluginKit

/// The tools that know containers, and how each is asked for the first process of one.
enum ContainerKind: String, CaseIterable {
  case docker, podman, lxc, lxd, incus, machinectl

  var tool: String {
    switch self {
    case .lxc: "lxc-info"
    case .lxd: "lxc"
    default: rawValue
    }
  }

  /// The option with the tool's path: its name is also the variable's.
  var pathOption: String {
    switch self {
    case .lxc: "mitogen_lxc_info_path"
    case .lxd: "mitogen_lxc_path"
    default: "mitogen_\(rawValue)_path"
    }
  }

  /// How a stopped one is started, for hints.
  func startCommand(_ container: String) -> String {
    switch self {
    case .docker, .podman, .incus: "\(rawValue) start \(container)"
    case .lxc: "lxc-start --name \(container)"
    case .lxd: "lxc start \(container)"
    case .machinectl: "machinectl start \(container)"
    }
  }

  /// The command whose output `leader(in:)` reads.
  func probe(tool: [String], container: String) -> [String] {
    switch self {
    case .docker, .podman: tool + ["inspect", "--type", "container", "--format", Self.inspectFormat, container]
    case .lxc: tool + ["--name", container, "--state", "--pid"]
    case .lxd, .incus: tool + ["info", container]
    case .machinectl: tool + ["show", "--property=Leader", "--property=Class", "--property=State", container]
    }
  }

  /// Only what is needed of the hundred lines that the tools know.
  static let inspectFormat =
    #"{"pid":{{json .State.Pid}},"status":{{json .State.Status}},"user":{{json .Config.User}},"#
    + #""directory":{{json .Config.WorkingDir}},"environment":{{json .Config.Env}}}"#
}

/// What was found: the process, and how the tool's own `exec` would begin in the container.
struct ContainerLeader: Equatable {
  var pid: Int
  var user = "0"
  var directory: String?
  var environment: [String: String] = [:]
}
