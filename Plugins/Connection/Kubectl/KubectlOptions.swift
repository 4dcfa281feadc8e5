import ContainerKit
import PluginKit

/// Named as Ansible's own kubectl plugin names them.
enum KubectlOptions {
  /// Options that are given to kubectl as they are: the option, its flag, what it says, and what sets it.
  private static let forwarded: [(name: String, flag: String, text: String, vars: [String], env: [String], alias: [String])] = [
    ("kubectl_namespace", "--namespace", "Namespace of the pod.", ["ansible_kubectl_namespace"], ["K8S_AUTH_NAMESPACE"], []),
    (
      "kubectl_kubeconfig", "--kubeconfig", "Path of kubectl's configuration.",
      ["ansible_kubectl_kubeconfig", "ansible_kubectl_config"], ["K8S_AUTH_KUBECONFIG"], []
    ),
    ("kubectl_context", "--context", "Context of the configuration.", ["ansible_kubectl_context"], ["K8S_AUTH_CONTEXT"], []),
    (
      "kubectl_host", "--server", "URL of the server.", ["ansible_kubectl_host", "ansible_kubectl_server"],
      ["K8S_AUTH_HOST", "K8S_AUTH_SERVER"], []
    ),
    (
      "kubectl_username", "--username", "Account at the server.", ["ansible_kubectl_username", "ansible_kubectl_user"],
      ["K8S_AUTH_USERNAME"], []
    ),
    (
      "client_cert", "--client-certificate", "Path of a certificate for the server.",
      ["ansible_kubectl_cert_file", "ansible_kubectl_client_cert"], ["K8S_AUTH_CERT_FILE"], ["kubectl_cert_file"]
    ),
    (
      "client_key", "--client-key", "Path of the certificate's key.",
      ["ansible_kubectl_key_file", "ansible_kubectl_client_key"], ["K8S_AUTH_KEY_FILE"], ["kubectl_key_file"]
    ),
    (
      "ca_cert", "--certificate-authority", "Path of the certificate that the server's is checked with.",
      ["ansible_kubectl_ssl_ca_cert", "ansible_kubectl_ca_cert"], ["K8S_AUTH_SSL_CA_CERT"], ["kubectl_ssl_ca_cert"]
    ),
  ]

  static let all = pod + forwarded.map { .string($0.name, $0.text, vars: $0.vars, env: $0.env, aliases: $0.alias) } + further

  private static let pod: [OptionDeclaration] = [
    .string("remote_addr", "Name of the pod.", vars: ["inventory_hostname", "ansible_host"], aliases: ["host"]),
    .string(
      "kubectl_pod", "Name of the pod, where it is not the host's.", vars: ["ansible_kubectl_pod"], env: ["K8S_AUTH_POD"]),
    .string(
      "kubectl_container", "Container, in a pod that has several.", vars: ["ansible_kubectl_container"],
      env: ["K8S_AUTH_CONTAINER"]),
    .program("mitogen_kubectl_path", default: "kubectl"),
  ]

  private static let further: [OptionDeclaration] = [
    .bool(
      "validate_certs", "Whether the server's certificate is checked.", default: true,
      vars: ["ansible_kubectl_verify_ssl", "ansible_kubectl_validate_certs"], env: ["K8S_AUTH_VERIFY_SSL"],
      aliases: ["kubectl_verify_ssl"]),
    .string(
      "kubectl_extra_args", "Further arguments for kubectl, before its command exec.",
      vars: ["ansible_kubectl_extra_args"], env: ["K8S_AUTH_EXTRA_ARGS"]),
    .dictionary(
      "kubectl_local_env_vars", "Changes to kubectl's own environment.", vars: ["ansible_kubectl_local_env_vars"]),
    .secret(
      "kubectl_password", "Cannot be used: kubectl takes it in its arguments only, which others can see.",
      vars: ["ansible_kubectl_password"], env: ["K8S_AUTH_PASSWORD"]),
    .secret(
      "kubectl_token", "Cannot be used: kubectl takes it in its arguments only, which others can see.",
      vars: ["ansible_kubectl_token", "ansible_kubectl_api_key"], env: ["K8S_AUTH_TOKEN", "K8S_AUTH_API_KEY"]),
    .openingTime,
  ]

  /// The words before `exec`.
  static func words(_ options: Options) throws -> [String] {
    var words: [String] = []
    for option in forwarded {
      if let value = try options.string(option.name) { words.append("\(option.flag)=\(value)") }
    }
    if try !options.bool("validate_certs") { words.append("--insecure-skip-tls-verify=true") }
    return try words + options.words("kubectl_extra_args")
  }
}
