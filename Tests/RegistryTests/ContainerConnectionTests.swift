import Plans
import Testing

/// The command lines of the methods that enter containers. All of them find an interpreter in the container, over
/// pipes, and end with the interpreter's words.
@Suite struct ContainerConnectionTests {
  struct Row: Sendable, CustomTestStringConvertible {
    var method: String
    var options: String
    var argv: [String]
    var last: LaunchPlan.Argument
    var testDescription: String { "\(method) \(options)" }
    /// - Parameter argv: the words, with `_` for a blank in one.
    init(_ method: String, _ options: String, _ argv: String, last: LaunchPlan.Argument = .bootstrapWords) {
      (self.method, self.options, self.last) = (method, options, last)
      self.argv = argv.split(separator: " ").map { String($0).replacing("_", with: " ") }
    }
  }

  @Test(arguments: [
    Row("docker", "", "docker exec --interactive app"),
    Row("docker", #","remote_user":"deploy""#, "docker exec --interactive --user deploy app"),
    Row("docker", #","remote_user":1000"#, "docker exec --interactive --user 1000 app"),
    Row("docker", #","user":"deploy""#, "docker exec --interactive --user deploy app"),
    Row("docker", #","mitogen_docker_path":"/opt/docker/bin/docker""#, "/opt/docker/bin/docker exec --interactive app"),
    Row("docker", #","mitogen_docker_path":"sudo -n 'my docker'""#, "sudo -n my_docker exec --interactive app"),
    Row(
      "docker", #","docker_extra_args":"-H tcp://h:2375 --tls""#, "docker -H tcp://h:2375 --tls exec --interactive app"),
    Row(
      "docker", #","working_dir":"/srv/x y","privileged":true,"extra_env":{"B":"2","A":"x=1"}"#,
      "docker exec --interactive --workdir /srv/x_y --privileged --env A=x=1 --env B=2 app"),
    Row("docker", #","privileged":"no","extra_env":{},"working_dir":"""#, "docker exec --interactive app"),

    Row("podman", "", "podman exec --interactive app"),
    Row("podman", #","remote_user":"deploy""#, "podman exec --interactive --user deploy app"),
    Row("podman", #","podman_executable":"/opt/podman""#, "/opt/podman exec --interactive app"),
    Row(
      "podman", #","podman_executable":"/opt/podman","mitogen_podman_path":"/usr/local/bin/podman""#,
      "/usr/local/bin/podman exec --interactive app"),
    Row("podman", #","podman_extra_args":"--root /r --runroot /s""#, "podman --root /r --runroot /s exec --interactive app"),
    Row(
      "podman", #","working_directory":"/srv","extra_env_vars":{"A":"1"},"mount_detection":true,"ignore_mount_errors":false"#,
      "podman exec --interactive --workdir /srv --env A=1 app"),

    Row("buildah", "", "buildah run app --"),
    Row(
      "buildah", #","remote_user":"deploy","working_directory":"/srv","extra_env_vars":{"A":"1"},"auto_commit":false"#,
      "buildah run --user deploy --workingdir /srv --env A=1 app --"),
    Row("buildah", #","buildah_executable":"/opt/buildah","buildah_extra_args":"--root /r""#, "/opt/buildah --root /r run app --"),
    Row("buildah", #","mitogen_buildah_path":"/b","buildah_executable":"/opt/buildah""#, "/b run app --"),

    Row("lxc", "", "lxc-attach --clear-env --name app --"),
    Row("lxc", #","remote_user":"root","executable":"/bin/bash""#, "lxc-attach --clear-env --name app --"),
    Row("lxc", #","mitogen_lxc_attach_path":"lxc-attach -P /c""#, "lxc-attach -P /c --clear-env --name app --"),
    Row(
      "lxc", #","remote_user":"deploy""#, "lxc-attach --clear-env --name app -- /bin/su deploy -c",
      last: .bootstrapShellCommand),

    Row("lxd", "", "lxc exec --mode=non-interactive local:app --"),
    Row("lxd", #","remote_user":"root","project":"""#, "lxc exec --mode=non-interactive local:app --"),
    Row("lxd", #","remote_addr":"app.example.org""#, "lxc exec --mode=non-interactive local:app --"),
    Row(
      "lxd", #","remote":"far","project":"p","mitogen_lxc_path":"/snap/bin/lxc","executable":"/bin/sh""#,
      "/snap/bin/lxc --project p exec --mode=non-interactive far:app --"),
    Row(
      "lxd", #","remote_user":"deploy""#, "lxc exec --mode=non-interactive local:app -- /bin/su deploy -c",
      last: .bootstrapShellCommand),
    Row(
      "lxd", #","remote_user":"deploy","lxd_become_method":"/usr/bin/su -""#,
      "lxc exec --mode=non-interactive local:app -- /usr/bin/su - deploy -c", last: .bootstrapShellCommand),

    Row("incus", "", "incus --project default exec --mode=non-interactive local:app --"),
    Row(
      "incus", #","remote":"far","project":"p","mitogen_incus_path":"/opt/incus","incus_become_method":"/su","remote_user":"u""#,
      "/opt/incus --project p exec --mode=non-interactive far:app -- /su u -c", last: .bootstrapShellCommand),

    Row("kubectl", "", "kubectl exec --stdin app --"),
    Row("kubectl", #","remote_user":"ignored","kubectl_container":"web""#, "kubectl exec --stdin app --container web --"),
    Row("kubectl", #","kubectl_pod":"web-1","kubectl_namespace":"shop""#, "kubectl --namespace=shop exec --stdin web-1 --"),
    Row(
      "kubectl",
      #","kubectl_kubeconfig":"/k","kubectl_context":"c","kubectl_host":"https://h","kubectl_username":"u","client_cert":"/c","kubectl_key_file":"/key","ca_cert":"/ca","validate_certs":"no","kubectl_extra_args":"-v 4","mitogen_kubectl_path":"/opt/kubectl""#,
      "/opt/kubectl --kubeconfig=/k --context=c --server=https://h --username=u --client-certificate=/c --client-key=/key --certificate-authority=/ca --insecure-skip-tls-verify=true -v 4 exec --stdin app --"),
    Row("kubectl", #","kubectl_verify_ssl":true,"kubectl_pod":"","kubectl_container":null"#, "kubectl exec --stdin app --"),

    Row("jail", "", "/usr/sbin/jexec app"),
    Row("jail", #","mitogen_jexec_path":"/j""#, "/j app"),
  ])
  func theCommandLine(_ row: Row) throws {
    let place = row.options.contains("remote_addr") ? "" : #","remote_addr":"app""#
    let plan = try plan(row.method, #"{"name":"web1"\#(place)\#(row.options)}"#)
    #expect(words(plan) == row.argv)
    #expect(plan.argv.last == row.last)
    #expect(plan.stdio == .pipes && plan.interpreter == .discover && plan.prompts.isEmpty)
  }

  @Test func aJailsAccountGetsItsHome() throws {
    let plan = try plan("jail", #"{"name":"web1","remote_addr":"app","remote_user":"deploy"}"#)
    #expect(
      words(plan) == [
        "/usr/sbin/jexec", "-U", "deploy", "app", "/bin/sh", "-c", #"HOME=~deploy; export HOME; exec "$0" "$@""#,
      ])
    #expect(plan.argv.last == .bootstrapWords)
  }

  static let methods = ["docker", "podman", "buildah", "kubectl", "lxc", "lxd", "incus", "jail"]

  @Test(arguments: methods) func aRouteBringsTheNameAsHost(_ method: String) throws {
    let plan = try plan(method, #"{"name":"app","host":"app"}"#)
    #expect(words(plan).contains { $0 == "app" || $0 == "local:app" })
    #expect(plan.description == "\(method) to app")
  }

  @Test(arguments: [
    ("docker", "community.docker.docker"), ("podman", "containers.podman.podman"), ("buildah", "containers.podman.buildah"),
    ("kubectl", "kubernetes.core.kubectl"), ("lxc", "community.general.lxc"), ("lxd", "community.general.lxd"),
    ("incus", "community.general.incus"), ("jail", "community.general.jail"),
  ])
  func theCollectionsNameIsTheSameMethod(_ method: String, _ full: String) throws {
    #expect(try BuiltLibraries.registry.connectionMethod(named: full).name == method)
    #expect(try plan(full, #"{"name":"web1","host":"app"}"#) == plan(method, #"{"name":"web1","host":"app"}"#))
  }

  @Test func messagesNameTheHostTheContainerAndTheAccount() throws {
    let plan = try plan("docker", #"{"name":"web1","remote_addr":"app","remote_user":"deploy"}"#)
    #expect(plan.description == "docker to web1 (container app, user deploy)")
  }

  @Test(arguments: [
    ("docker", #""container_timeout":10,"timeout":30"#, 30.0), ("docker", #""container_timeout":25,"timeout":30"#, 25),
    ("docker", #""timeout":0"#, 10), ("podman", #""container_timeout":0,"timeout":30"#, 30),
    ("podman", #""container_timeout":"5","timeout":30"#, 5), ("lxc", #""timeout":3"#, 3),
  ])
  func theTimeLimitIsTheMethodsOwnIfItSaysOne(_ method: String, _ options: String, _ seconds: Double) throws {
    #expect(try plan(method, #"{"name":"web1","host":"app",\#(options)}"#).timeout == seconds)
  }

  /// Only then is the link deflated.
  @Test(arguments: [
    ("docker", "", false), ("docker", #","docker_extra_args":"-H unix:///run/d.sock""#, false),
    ("docker", #","docker_extra_args":"-H ssh://far""#, true), ("podman", #","podman_extra_args":"--url=ssh://far/x""#, true),
    ("buildah", "", false), ("kubectl", "", true), ("lxd", "", false), ("lxd", #","remote":"far""#, true), ("jail", "", false),
  ])
  func aLinkThatLeavesTheMachineIsKnownByItsOptions(_ method: String, _ options: String, _ leaves: Bool) throws {
    #expect(try plan(method, #"{"name":"web1","host":"app"\#(options)}"#).leavesMachine == leaves)
  }

  @Test func kubectlsOwnEnvironmentIsChanged() throws {
    let plan = try plan("kubectl", #"{"name":"web1","host":"app","kubectl_local_env_vars":{"HTTPS_PROXY":"http://p","A":null}}"#)
    #expect(plan.environment == ["HTTPS_PROXY": "http://p", "A": nil])
  }

  @Test(arguments: [
    ("docker", #""a":1"#, "remote_addr"), ("docker", #""host":"-v""#, "remote_addr"),
    ("docker", #""host":"app","remote_user":"--privileged""#, "remote_user"),
    ("docker", #""host":"app","docker_extra_args":"-H 'x""#, "docker_extra_args"),
    ("docker", #""host":"app","mitogen_docker_path":"\"x""#, "mitogen_docker_path"),
    ("docker", #""host":"app","extra_env":"A=1""#, "extra_env"),
    ("docker", #""host":"app","privileged":"perhaps""#, "privileged"),
    ("buildah", #""host":"app","auto_commit":true"#, "auto_commit"),
    ("kubectl", #""host":"app","has_kubectl_token":true"#, "kubectl_token"),
    ("kubectl", #""host":"app","has_kubectl_password":true"#, "kubectl_password"),
    ("kubectl", #""host":"app","kubectl_kubeconfig":{"apiVersion":"v1"}"#, "kubectl_kubeconfig"),
    ("kubectl", #""kubectl_pod":"--all""#, "kubectl_pod"),
    ("jail", #""host":"app","remote_user":"a;reboot""#, "remote_user"), ("lxd", #""host":"app","remote_user":"-x""#, "remote_user"),
  ])
  func whatCannotBeUsedIsRefusedByName(_ method: String, _ options: String, _ option: String) throws {
    let refusal = try #require(throws: PluginRefusal.self) { try plan(method, #"{"name":"web1",\#(options)}"#) }
    #expect(refusal.message.hasPrefix("the option \(option) of \(method) for web1: ") && !refusal.hint.isEmpty)
  }
}
