import ContainerKit
import PluginKit

/// A running instance of Incus, entered by `incus exec`.
struct IncusConnection: ConnectionPlugin {
  static let name = "incus"
  static let summary = "Enters a running instance of Incus by incus exec."
  static let aliases = ["community.general.incus"]

  static let options = ExecInstance.options(
    hostVariable: "ansible_incus_host", path: "mitogen_incus_path", program: "incus",
    becomeMethod: "incus_become_method", remoteVariable: "ansible_incus_remote",
    projectVariable: "ansible_incus_project", project: "default", executableVariable: "ansible_incus_executable")

  func plan(_ options: Options, probes: [ProbeResult]?) throws -> LaunchPlan {
    try ExecInstance(
      options, method: Self.name, program: "mitogen_incus_path", else: "incus", becomeMethod: "incus_become_method"
    ).plan(server: "Incus")
  }
}

private let library = PluginLibrary(version: "0.1.0", IncusConnection())

@c @implementation public func mitogen_library_v1() -> UnsafePointer<mitogen_library>? { library.table }
