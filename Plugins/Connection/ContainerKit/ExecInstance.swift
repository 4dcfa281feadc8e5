import PluginKit

/// An instance of LXD or of Incus, which was made from it: `lxc exec REMOTE:NAME` and `incus exec REMOTE:NAME`.
public struct ExecInstance {
  private let container: Container
  private let remote: String
  private let argv: [String]
  private let become: [String]

  /// - Parameter becomeMethod: the option that names the program which changes the account.
  public init(_ options: Options, method: String, program: String, else command: String, becomeMethod: String) throws {
    container = try Container(options, method: method, program: [program], else: command, standard: "root")
    // No instance's name has a dot: of a host's full name the first part is meant.
    let instance = container.name.prefix { $0 != "." }
    remote = try options.string("remote") ?? "local"
    let project = try options.string("project").map { ["--project", $0] } ?? []
    // On `auto` they would ask for a terminal wherever they find one.
    argv = container.program + project + ["exec", "--mode=non-interactive", "\(remote):\(instance)", "--"]
    become = container.becoming(by: try options.words(becomeMethod))
  }

  /// - Parameter server: what the texts call the service: "LXD", "Incus".
  public func plan(server: String) -> LaunchPlan {
    container.plan(
      argv, asUser: become, hints: hints(server) + container.suHints, leavesMachine: remote != "local")
  }

  /// The texts of LXD 3 to 6 and Incus 0.1 to 6.
  private func hints(_ server: String) -> [LaunchPlan.ErrorHint] {
    let tool = container.program[0]
    return [
      container.missing("Project not found", "check the project: \(tool) project list"),
      container.missing("Instance not found", "check ansible_host, remote and project: \(tool) list"),
      container.missing("Error: not found", "check ansible_host, remote and project: \(tool) list"),
      container.stopped("is not running"),
      container.unreachable(
        "The remote \"\(remote)\" doesn't exist", "there is no remote \(remote)", "see \(tool) remote list"),
      // What su in the instance is denied is another matter.
      container.denied("connect: permission denied", "add it to the group \(server.lowercased()), or use root"),
      container.denied("not accessible: permission denied", "add it to the group \(server.lowercased()), or use root"),
      container.unreachable(
        "read the configuration file", "\(tool) cannot read its configuration",
        "check HOME and \(server.uppercased())_CONF of the account that runs it"),
      container.unreachable(
        "Error: mkdir ", "\(tool) has no place for its configuration",
        "check HOME and \(server.uppercased())_CONF of the account that runs it"),
      container.denied("User does not have", "check what the remote allows the account"),
      container.unreachable("dial unix", "the service of \(server) does not answer", "start it"),
      container.unreachable("unix socket", "the service of \(server) does not answer", "start it"),
      container.unreachable("Failed to fetch", "the service of \(server) does not answer", "see the text of \(tool)"),
      container.nothingToRun("Command not found"),
    ]
  }

  public static func options(
    hostVariable: String, path: String, program: String, becomeMethod: String, remoteVariable: String,
    projectVariable: String, project: String?, executableVariable: String
  ) -> [OptionDeclaration] {
    [
      .string(
        "remote_addr", "Name of the instance; of a name with dots the first part counts.",
        vars: ["inventory_hostname", "ansible_host", hostVariable], aliases: ["host"]),
      .account(default: "root", note: "another than root is become by \(becomeMethod) in it."),
      .program(path, default: program),
      .string("remote", "Server, as \(program) remote list shows it.", default: "local", vars: [remoteVariable]),
      .string("project", "Project, as \(program) project list shows it.", default: project, vars: [projectVariable]),
      .string(
        becomeMethod, "Program in the instance that changes the account.", default: "/bin/su", vars: [becomeMethod]),
      .withoutEffect(
        "executable", "Python is started without a shell.", vars: ["ansible_executable", executableVariable]),
      .openingTime,
    ]
  }
}
