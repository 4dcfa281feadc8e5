import PluginKit

/// A container, whose namespaces the parent node enters by itself: a tool is asked for its first process, and is no
/// part of the link.
///
/// Like nsenter, and unlike the tools' own `exec`, it drops no capabilities, sets no security label and joins no
/// control group: what runs is root's where the container shares the user namespace.
struct SetNSConnection: ConnectionPlugin {
  static let name = "setns"
  static let summary = "Enters a container's namespaces by setns(2)."
  static let options = SetNSOptions.setns

  func plan(_ options: Options, probes: [ProbeResult]?) throws -> LaunchPlan {
    let kinds = ContainerKind.allCases.map(\.rawValue).joined(separator: ", ")
    guard let text = try options.string("mitogen_kind") else {
      throw options.refusal("mitogen_kind", "not set", "set it to one of \(kinds)")
    }
    guard let kind = ContainerKind(rawValue: text) else {
      throw options.refusal("mitogen_kind", "there is no kind \"\(text)\"", "set it to one of \(kinds)")
    }
    return try kind.plan(options, probes)
  }
}

/// The same for what systemd-machined knows.
struct MachinectlConnection: ConnectionPlugin {
  static let name = "machinectl"
  static let summary = "Enters the namespaces of a machine of systemd-machined by setns(2)."
  static let options = SetNSOptions.machinectl

  func plan(_ options: Options, probes: [ProbeResult]?) throws -> LaunchPlan {
    try ContainerKind.machinectl.plan(options, probes)
  }
}

extension ContainerKind {
  fileprivate func plan(_ options: Options, _ probes: [ProbeResult]?) throws -> LaunchPlan {
    let name = try options.string("remote_addr") ?? options.host
    guard !name.hasPrefix("-") else {
      throw options.refusal("remote_addr", "\"\(name)\" would be read as an option of \(rawValue)", "correct ansible_host")
    }
    let command = probe(tool: try options.words(pathOption), container: name)
    let description = "setns into \(rawValue) container \(name)"
    let timeout = try options.seconds("timeout")
    guard let probes else {
      // Words that are looked for in what it says are those of no language.
      return LaunchPlan(
        argv: [], environment: ["LC_ALL": "C"], description: description, timeout: timeout, probes: [command])
    }
    guard let result = probes.first else { throw PluginRefusal(message: "\(description): \(command[0]) was not asked") }
    var leader = try leader(in: result, ProbeFailure(description: description, kind: self, container: name, command: command))
    if let user = try options.string("remote_user") {
      leader.user = user
      // Podman tells the home of the image's account as if the image had set it, and does not give it to others.
      if self == .podman { leader.environment["HOME"] = nil }
    }

    return LaunchPlan(
      argv: [.bootstrapWords],
      environment: leader.environment.mapValues(Optional.init),
      directory: leader.directory,
      stdio: .socketpair,
      interpreter: .discover,
      leavesMachine: false,
      description: description,
      timeout: timeout,
      enter: .init(pid: leader.pid, user: leader.user))
  }
}

private let library = PluginLibrary(version: "0.1.0", SetNSConnection(), MachinectlConnection())

@c @implementation public func mitogen_library_v1() -> UnsafePointer<mitogen_library>? { library.table }
