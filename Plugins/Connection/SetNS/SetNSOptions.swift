import PluginKit

enum SetNSOptions {
  static let setns: [OptionDeclaration] =
    [
      .string(
        "mitogen_kind", "Which tool knows the container: docker, podman, lxc, lxd, incus or machinectl.",
        vars: ["mitogen_kind"])
    ] + common(user: nil)
    + ContainerKind.allCases.map { kind in
      .string(
        kind.pathOption, "The \(kind.tool) program, for the kind \(kind.rawValue).", default: kind.tool,
        vars: [kind.pathOption])
    }

  static let machinectl: [OptionDeclaration] =
    common(user: "root") + [
      .string(
        ContainerKind.machinectl.pathOption, "The machinectl program.", default: "machinectl",
        vars: [ContainerKind.machinectl.pathOption])
    ]

  /// - Parameter user: who is entered as, where that is not for the image to say.
  private static func common(user: String?) -> [OptionDeclaration] {
    [
      .string(
        "remote_addr", "The container's name.", vars: ["inventory_hostname", "ansible_host"], aliases: ["host"]),
      .string(
        "remote_user",
        "Account in the container, a name or a number, or either with `:GROUP`; not set: root, or what the image says.",
        default: user, vars: ["ansible_user"], ini: ["defaults/remote_user"], env: ["ANSIBLE_REMOTE_USER"],
        aliases: ["user"]),
      .float(
        "timeout", "Seconds until the node must have answered.", default: 10, vars: ["ansible_timeout"],
        ini: ["defaults/timeout"], env: ["ANSIBLE_TIMEOUT"]),
    ]
  }
}
