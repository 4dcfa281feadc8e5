import ContainerKit
import PluginKit

/// A container of a Kubernetes pod, entered by `kubectl exec`. The account is the container's own: kubectl has no
/// choice of it.
struct KubectlConnection: ConnectionPlugin {
  static let name = "kubectl"
  static let summary = "Enters a pod's container by kubectl exec."
  static let aliases = ["kubernetes.core.kubectl", "community.kubernetes.kubectl", "community.general.kubectl"]
  static let options = KubectlOptions.all

  func plan(_ options: Options, probes: [ProbeResult]?) throws -> LaunchPlan {
    for slot in ["kubectl_token", "kubectl_password"] where options.has(secret: slot) {
      throw options.refusal(
        slot, "kubectl takes it on its command line only, where every account of the machine can read it",
        "put it into a configuration file and set ansible_kubectl_kubeconfig")
    }
    let pod = try Container(
      options, method: Self.name, program: ["mitogen_kubectl_path"], else: "kubectl", named: "kubectl_pod",
      account: nil)
    var argv = try pod.program + KubectlOptions.words(options) + ["exec", "--stdin", pod.name]
    if let container = try options.string("kubectl_container") { argv += ["--container", container] }
    return pod.plan(
      argv + ["--"], hints: hints(pod), environment: try options.dictionary("kubectl_local_env_vars"),
      leavesMachine: true)
  }

  /// The texts of kubectl 1.18 to 1.34, and of the servers and runtimes behind it.
  private func hints(_ pod: Container) -> [LaunchPlan.ErrorHint] {
    [
      pod.unreachable(
        "pods \"\(pod.name)\" not found", "there is no pod \(pod.name)",
        "check ansible_kubectl_pod, ansible_kubectl_namespace and ansible_kubectl_context"),
      pod.unreachable("namespaces \"", "the namespace of pod \(pod.name) is not there", "check ansible_kubectl_namespace"),
      pod.unreachable(
        "is not valid for pod", "pod \(pod.name) has no such container", "check ansible_kubectl_container"),
      pod.unreachable("container not found", "the container of pod \(pod.name) does not run", "see kubectl describe pod"),
      pod.unreachable("completed pod", "pod \(pod.name) has ended", "start it again"),
      pod.unreachable("does not have a host assigned", "pod \(pod.name) does not run yet", "see kubectl describe pod"),
      pod.denied("is forbidden", "it needs the right to create pods/exec in that namespace"),
      pod.denied("must be logged in", "check ansible_kubectl_kubeconfig and ansible_kubectl_context"),
      pod.unreachable(
        "was refused - did you specify", "the server of the cluster refused the connection",
        "check ansible_kubectl_kubeconfig, ansible_kubectl_context and ansible_kubectl_host"),
      pod.unreachable(
        "Unable to connect to the server", "the server of the cluster cannot be reached",
        "check ansible_kubectl_kubeconfig, ansible_kubectl_context and ansible_kubectl_host"),
      pod.unreachable("context \"", "the context is not in kubectl's configuration", "check ansible_kubectl_context"),
      pod.unreachable(
        "error loading config file", "kubectl cannot read its configuration", "check ansible_kubectl_kubeconfig"),
      pod.unreachable("error: stat ", "kubectl cannot read its configuration", "check ansible_kubectl_kubeconfig"),
      pod.nothingToRun("no such file or directory"),
      pod.nothingToRun("executable file not found"),
      pod.nothingToRun("exec failed"),
    ]
  }
}

private let library = PluginLibrary(version: "0.1.0", KubectlConnection())

@c @implementation public func mitogen_library_v1() -> UnsafePointer<mitogen_library>? { library.table }
