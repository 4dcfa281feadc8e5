import Plans
import Registry
import Testing

@Suite struct SetNSConnectionTests {
  static let inspect =
    #"{"pid":{{json .State.Pid}},"status":{{json .State.Status}},"user":{{json .Config.User}},"#
    + #""directory":{{json .Config.WorkingDir}},"environment":{{json .Config.Env}}}"#

  /// The second plan, made from what the tool said.
  private func plan(_ kind: String, _ said: ProbeResult, _ options: String = "") throws -> LaunchPlan {
    let options = #"{"name":"web","mitogen_kind":"\#(kind)"\#(options)}"#
    let probes = #"[{"rc":\#(said.rc),"stdout":\#(json(said.stdout)),"stderr":\#(json(said.stderr))}]"#
    return try BuiltLibraries.registry.connectionMethod(named: "setns")
      .plan(optionsJSON: Array(options.utf8), probesJSON: Array(probes.utf8))
  }

  private func json(_ text: String) -> String {
    "\"" + text.flatMap { $0 == "\"" ? Array("\\\"") : $0 == "\n" ? Array("\\n") : [$0] } + "\""
  }

  private func refusal(_ kind: String, _ said: ProbeResult) throws -> PluginRefusal {
    try #require(throws: PluginRefusal.self) { try plan(kind, said) }
  }

  @Test(arguments: [
    ("docker", "", ["docker", "inspect", "--type", "container", "--format", inspect, "web"]),
    ("podman", #","mitogen_podman_path":"/opt/podman""#, ["/opt/podman", "inspect", "--type", "container", "--format", inspect, "web"]),
    ("docker", #","mitogen_docker_path":"sudo -n docker","host":"db""#, ["sudo", "-n", "docker", "inspect", "--type", "container", "--format", inspect, "db"]),
    ("lxc", "", ["lxc-info", "--name", "web", "--state", "--pid"]),
    ("lxc", #","mitogen_lxc_info_path":"/opt/lxc-info","mitogen_lxc_path":"/opt/lxc""#, ["/opt/lxc-info", "--name", "web", "--state", "--pid"]),
    ("lxd", "", ["lxc", "info", "web"]), ("lxd", #","mitogen_lxc_path":"/snap/bin/lxc""#, ["/snap/bin/lxc", "info", "web"]),
    ("incus", #","mitogen_incus_path":"/opt/incus""#, ["/opt/incus", "info", "web"]),
    ("machinectl", #","mitogen_machinectl_path":"/bin/machinectl""#, ["/bin/machinectl", "show", "--property=Leader", "--property=Class", "--property=State", "web"]),
  ])
  func theToolIsAskedFirst(_ kind: String, _ options: String, _ command: [String]) throws {
    let first = try firstPlan("setns", #"{"name":"web","mitogen_kind":"\#(kind)"\#(options)}"#)
    #expect(first.probes == [command])
    #expect(first.environment == ["LC_ALL": "C"] && first.enter == nil)
  }

  @Test func machinectlIsAConnectionOfItsOwn() throws {
    let first = try firstPlan("machinectl", #"{"name":"web","remote_user":"app"}"#)
    #expect(first.probes?.first?.first == "machinectl" && first.probes?.first?.last == "web")
    #expect(first.description == "setns into machinectl container web")
    #expect(try !BuiltLibraries.registry.connectionMethod(named: "machinectl").changesAccount)
    // What a collection has under this name is a become plugin.
    #expect(throws: (any Error).self) { try BuiltLibraries.registry.connectionMethod(named: "community.general.machinectl") }
  }

  @Test(arguments: [
    ("lxc", "Name:           web\nState:          RUNNING\nPID:            42\n"), ("lxd", "Name: web\nStatus: Running\nType: persistent\nPid: 42\n"),
    ("incus", "Name: web\nStatus: RUNNING\nType: container\nPID: 42\nResources:\n  PID: 7\n"),
    ("machinectl", "Leader=42\nClass=container\nState=running\n"),
    ("docker", #"{"pid":42,"status":"running","user":"","directory":"","environment":null}"#),
    ("podman", #"{"pid":42,"status":"paused","user":"","directory":"","environment":[]}"# + "\n"),
  ])
  func itsAnswerNamesTheProcess(_ kind: String, _ said: String) throws {
    let plan = try plan(kind, ProbeResult(rc: 0, stdout: said, stderr: "a warning\n"))
    #expect(plan.enter == .init(pid: 42))
    #expect(plan.argv == [.bootstrapWords] && plan.stdio == .socketpair && plan.interpreter == .discover && !plan.leavesMachine)
    #expect(plan.probes == nil && plan.description == "setns into \(kind) container web")
  }

  @Test func aContainerBeginsAsItsImageSays() throws {
    let said = ProbeResult(
      rc: 0, stdout: #"{"pid":42,"status":"running","user":"app:web","directory":"/srv","environment":["A=b=c","HOME=/x","EMPTY=","odd"]}"#,
      stderr: "")
    let asIs = try plan("docker", said)
    #expect(asIs.enter?.user == "app:web" && asIs.directory == "/srv" && asIs.environment == ["A": "b=c", "HOME": "/x", "EMPTY": ""])
    #expect(try plan("docker", said, #","remote_user":1000,"timeout":3"#).enter?.user == "1000")
    // Podman says where the image's account is at home, also where the image does not.
    #expect(try plan("podman", said).environment["HOME"] == "/x")
    #expect(try plan("podman", said, #","remote_user":"web""#).environment == ["A": "b=c", "EMPTY": ""])
    let lxd = try plan("lxd", ProbeResult(rc: 0, stdout: "PID: 42\n", stderr: ""))
    #expect(lxd.environment == ["container": "lxc", "LANG": "C.UTF-8"] && lxd.enter?.user == "0")
  }

  @Test(arguments: [
    ("lxc", "State:          STOPPED\n", "it is not running (stopped)", "Start it: lxc-start --name web"),
    ("lxd", "Status: Stopped\nType: container\n", "it is not running (stopped)", "Start it: lxc start web"),
    ("incus", "Status: STOPPED\nPID: 0\n", "it is not running (stopped)", "Start it: incus start web"),
    ("docker", #"{"pid":0,"status":"exited"}"#, "it is not running (exited)", "Start it: docker start web"),
    ("machinectl", "Leader=0\nClass=container\nState=closing\n", "it is not running (closing)", "Start it: machinectl start web"),
    ("incus", "Type: virtual-machine\nStatus: RUNNING\nPID: 1\n", "it is a virtual machine, whose processes are not this kernel's", "Reach it by ssh."),
    ("machinectl", "Leader=7\nClass=vm\n", "it is a virtual machine, whose processes are not this kernel's", "Reach it by ssh."),
    ("docker", "<no value>\n", "docker names no process: <no value>", "See what this prints: docker inspect --type container web"),
    ("lxc", "\n", "lxc-info names no process: it said nothing", "See what this prints: lxc-info --name web --state --pid"),
  ])
  func oneThatCannotBeEnteredIsRefused(_ kind: String, _ said: String, _ message: String, _ hint: String) throws {
    let refusal = try refusal(kind, ProbeResult(rc: 0, stdout: said, stderr: ""))
    #expect(
      refusal == PluginRefusal(code: "unreachable", message: "setns into \(kind) container web: \(message)", hint: hint))
  }

  @Test(arguments: [
    ("docker", 1, "Error: No such container: web\n", "Set ansible_host to the name of a container that is there."),
    ("lxc", 1, "web doesn't exist\n", "Set ansible_host to the name of a container that is there."),
    ("lxd", 1, "Error: Instance not found\n", "Set ansible_host to the name of a container that is there."),
    ("machinectl", 1, "Could not get path to machine: No machine 'web' known\n", "Set ansible_host to the name of a container that is there."),
    ("docker", 1, "permission denied while trying to connect to the Docker daemon socket\n", "That takes root: connect as root, or through a hop that becomes root."),
    ("lxc", 1, "Insufficent privileges to control web\n", "That takes root: connect as root, or through a hop that becomes root."),
    ("machinectl", 1, "Failed to connect to bus: No such file or directory\n", "See what this prints: machinectl show --property=Leader --property=Class --property=State web"),
    ("docker", 127, "docker: No such file or directory\n", "Install it there, or set mitogen_docker_path to its path."),
    ("incus", 126, "incus: Permission denied\n", "Install it there, or set mitogen_incus_path to its path."),
  ])
  func whatTheToolSaysIsExplained(_ kind: String, _ rc: Int, _ said: String, _ hint: String) throws {
    let refusal = try refusal(kind, ProbeResult(rc: rc, stdout: "", stderr: said))
    #expect(refusal.code == "unreachable" && refusal.message.hasSuffix(said.dropLast()) && refusal.hint == hint)
  }

  @Test(arguments: [
    (#"{"name":"web"}"#, "the option mitogen_kind of setns for web: not set"),
    (#"{"name":"web","mitogen_kind":"jail"}"#, "the option mitogen_kind of setns for web: there is no kind \"jail\""),
    (#"{"name":"web","mitogen_kind":"docker","host":"-x"}"#, "the option remote_addr of setns for web: \"-x\" would be read as an option of docker"),
  ])
  func badOptionsAreRefusedByName(_ options: String, _ message: String) throws {
    let refusal = try #require(throws: PluginRefusal.self) { try firstPlan("setns", options) }
    #expect(refusal.message == message && !refusal.hint.isEmpty)
  }
}

/// `plan` of this file's suite hides the one that all suites share.
private func firstPlan(_ method: String, _ options: String) throws -> LaunchPlan {
  try plan(method, options)
}
