import ContainerKit
import PluginKit

/// A running instance of LXD, entered by `lxc exec`.
struct LXDConnection: ConnectionPlugin {
  static let name = "lxd"
  static let summary = "Enters a running instance of LXD by lxc exec."
  static let aliases = ["community.general.lxd"]

  static let options = ExecInstance.options(
    hostVariable: "ansible_lxd_host", path: "mitogen_lxc_path", program: "lxc", becomeMethod: "lxd_become_method",
    remoteVariable: "ansible_lxd_remote", projectVariable: "ansible_lxd_project", project: nil,
    executableVariable: "ansible_lxd_executable")

  func plan(_ options: Options, probes: [ProbeResult]?) throws -> LaunchPlan {
    try ExecInstance(
      options, method: Self.name, program: "mitogen_lxc_path", else: "lxc", becomeMethod: "lxd_become_method"
    ).plan(server: "LXD")
  }
}

private let library = PluginLibrary(version: "0.1.0", LXDConnection())

@c @implementation public func mitogen_library_v1() -> UnsafePointer<mitogen_library>? { library.table }
