import Plans
import Testing

/// What the programs that enter containers really write, and what it means: by the first hint that matches.
@Suite struct ContainerMessagesTests {
  @Test(arguments: [
    ("docker", "Error: No such container: app", "unreachable", "there is no container app"),
    ("docker", "Error response from daemon: No such container: app", "unreachable", "there is no container app"),
    ("docker", "Error response from daemon: Container 0a1b is not running", "unreachable", "does not run"),
    ("docker", "Error response from daemon: container 0a1b is not running", "unreachable", "does not run"),
    ("docker", "Error response from daemon: Container app is paused, unpause the container before exec", "unreachable", "is paused"),
    ("docker", "unable to find user deploy: no matching entries in passwd file", "authentication", "no account deploy"),
    ("docker", "Got permission denied while trying to connect to the Docker daemon socket at unix:///x: connect: permission denied", "unreachable", "may not use docker"),
    ("docker", "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?", "unreachable", "does not answer"),
    ("docker", "OCI runtime exec failed: exec failed: container_linux.go:349: starting container process caused \"exec: \\\"/bin/sh\\\": executable file not found in $PATH\": unknown", "no_python", "no /bin/sh"),
    ("docker", "OCI runtime exec failed: exec failed: unable to start container process: open /proc/self/status: operation not permitted: unknown", "unreachable", "started nothing"),
    ("docker", "docker: No such file or directory", "unreachable", "the program docker is not there"),
    ("docker", "docker: Permission denied", "unreachable", "may not be executed"),
    ("podman", "Error: no container with name or ID \"app\" found: no such container", "unreachable", "there is no container app"),
    ("podman", "Error: runc: exec failed: unable to start container process: exec: \"/bin/sh\": stat /bin/sh: no such file or directory: OCI runtime attempted to invoke a command that was not found", "no_python", "no /bin/sh"),
    ("podman", "Error: runc: exec failed: unable to start container process: chdir to cwd (\"/no/such\") set in config.json failed: no such file or directory: OCI runtime attempted to invoke a command that was not found", "unreachable", "directory is not there"),
    ("podman", "Error: can only create exec sessions on running containers: container state improper", "unreachable", "does not run"),
    ("podman", "Error: unable to find user deploy: no matching entries in passwd file", "authentication", "no account deploy"),
    ("podman", "Error: crun: executable file `/bin/sh` not found: No such file or directory: OCI runtime attempted to invoke a command that was not found", "no_python", "no /bin/sh"),
    ("podman", "podman: No such file or directory", "unreachable", "the program podman is not there"),
    ("buildah", "Error: reading build container \"app\": container not known", "unreachable", "there is no container app"),
    ("buildah", "Error: determining run uid: user: unknown user error looking up user \"deploy\"", "authentication", "no account deploy"),
    ("lxc", "lxc-attach: app: attach.c: get_attach_context: 405 Connection refused - Failed to get init pid", "unreachable", "there is no container app that runs"),
    ("lxc", "lxc-attach: app: ../src/lxc/utils.c: mkdir_p: 236 Permission denied - Failed to create directory \"/root/.cache/\"", "unreachable", "may not use lxc-attach"),
    ("lxc", "lxc-attach: app: ../src/lxc/attach.c: lxc_attach_run_command: 1841 No such file or directory - Failed to exec \"/bin/sh\"", "no_python", "no /bin/sh"),
    ("lxc", "su: user deploy does not exist or the user entry does not contain all the required fields", "authentication", "no account deploy"),
    ("lxc", "su: unknown user deploy", "authentication", "no account deploy"),
    ("lxd", "Error: Instance not found", "unreachable", "there is no container app"),
    ("lxd", "Error: not found", "unreachable", "there is no container app"),
    ("lxd", "Error: mkdir /nonexistent: permission denied", "unreachable", "no place for its configuration"),
    ("lxd", "Error: Unable to read the configuration file: open /root/.config/lxc/config.yml: permission denied", "unreachable", "cannot read its configuration"),
    ("lxd", "Error: Get \"http://unix.socket/1.0\": dial unix /var/lib/lxd/unix.socket: connect: permission denied", "unreachable", "may not use lxc"),
    ("lxd", "Error: Get \"http://unix.socket/1.0\": dial unix /var/lib/lxd/unix.socket: connect: no such file or directory", "unreachable", "LXD does not answer"),
    ("lxd", "Error: Instance is not running", "unreachable", "does not run"),
    ("lxd", "Error: LXD unix socket \"/var/lib/lxd/unix.socket\" not accessible: permission denied", "unreachable", "may not use lxc"),
    ("lxd", "Error: LXD unix socket not accessible: connect: no such file or directory", "unreachable", "LXD does not answer"),
    ("lxd", "Error: The remote \"local\" doesn't exist", "unreachable", "there is no remote local"),
    ("incus", "Error: Failed to fetch instance \"app\" in project \"default\": Instance not found", "unreachable", "there is no container app"),
    ("incus", "Error: User does not have permission for project \"default\"", "unreachable", "may not use incus"),
    ("kubectl", "Error from server (NotFound): pods \"app\" not found", "unreachable", "there is no pod app"),
    ("kubectl", "Error from server (NotFound): namespaces \"shop\" not found", "unreachable", "namespace"),
    ("kubectl", "Error from server (BadRequest): container x is not valid for pod app", "unreachable", "no such container"),
    ("kubectl", "Error from server (Forbidden): pods \"app\" is forbidden: User \"u\" cannot create resource \"pods/exec\"", "unreachable", "may not use kubectl"),
    ("kubectl", "The connection to the server localhost:8080 was refused - did you specify the right host or port?", "unreachable", "refused the connection"),
    ("kubectl", "error: context \"x\" does not exist", "unreachable", "context"),
    ("kubectl", "error: Internal error occurred: exec failed: unable to start container process: exec: \"/bin/sh\": stat /bin/sh: no such file or directory", "no_python", "no /bin/sh"),
    ("jail", "jexec: jail \"app\" not found", "unreachable", "there is no container app"),
    ("jail", "jexec: deploy: no such user", "authentication", "no account deploy"),
    ("jail", "jexec: jail_attach(5): Operation not permitted", "unreachable", "may not use /usr/sbin/jexec"),
  ])
  func textsAreExplained(_ method: String, _ text: String, _ code: String, _ part: String) throws {
    let account = method == "kubectl" ? "" : #","remote_user":"deploy""#
    let plan = try plan(method, #"{"name":"web1","remote_addr":"app"\#(account)}"#)
    let hint = try #require(plan.hints.first { text.lowercased().contains($0.contains.lowercased()) && $0.on == nil })
    #expect(hint.code == code && hint.message.contains(part) && !hint.hint.isEmpty, "\(hint)")
  }

  /// The daemon writes it where the program's output would be.
  @Test(arguments: [
    (#"OCI runtime exec failed: exec failed: unable to start container process: exec: "/bin/sh": stat /bin/sh: no such file or directory: unknown"#, "no_python"),
    (#"OCI runtime exec failed: exec failed: unable to start container process: chdir to cwd ("/no/such") set in config.json failed: no such file or directory: unknown"#, "unreachable"),
    ("unable to find user deploy: no matching entries in passwd file", "authentication"),
  ])
  func dockersDaemonReportsOnStdout(_ text: String, _ code: String) throws {
    let plan = try plan("docker", #"{"name":"web1","remote_addr":"app","remote_user":"deploy"}"#)
    #expect(plan.hints.first { text.contains($0.contains) && $0.on == "stdout" }?.code == code)
  }
}
