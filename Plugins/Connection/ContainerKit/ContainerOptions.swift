import PluginKit

/// What all containers' options have in common. `host` and `user` are the names by which a route brings them.
extension OptionDeclaration {
  /// - Parameter further: variables of the method's own; the last wins.
  public static func container(_ further: String...) -> Self {
    .string(
      "remote_addr", "Name or ID of the container.", vars: ["inventory_hostname", "ansible_host"] + further,
      aliases: ["host"])
  }

  public static func account(
    _ further: String..., default: String? = nil, note: String = "not set: as the container's image says."
  ) -> Self {
    .string(
      "remote_user", "Account in the container; \(note)", default: `default`, vars: ["ansible_user"] + further,
      ini: ["defaults/remote_user"], env: ["ANSIBLE_REMOTE_USER"], aliases: ["user"])
  }

  /// A program on the machine that reaches the container.
  public static func program(_ name: String, default: String, vars: [String]? = nil, env: [String] = []) -> Self {
    .string(
      name, "The program that enters the container, where it is not \(`default`); words as a shell splits them.",
      vars: vars ?? [name], env: env)
  }

  public static let openingTime = Self.float(
    "timeout", "Seconds until the container must have answered.", default: 10, vars: ["ansible_timeout"],
    ini: ["defaults/timeout"], env: ["ANSIBLE_TIMEOUT"])

  /// An option of Ansible's plugin that says how it does what is done in another way here.
  public static func withoutEffect(_ name: String, _ reason: String, vars: [String], env: [String] = []) -> Self {
    .string(name, "No effect here: \(reason)", vars: vars, env: env)
  }
}

extension Options {
  /// `FLAG NAME=VALUE` for each, in the order of the names, so that the same options give the same plan.
  public func environmentWords(_ name: String, _ flag: String) throws -> [String] {
    try dictionary(name).sorted { $0.key < $1.key }.flatMap { [flag, "\($0.key)=\($0.value ?? "")"] }
  }
}

/// Words that make a tool reach another machine by itself: then its link crosses a network.
public func crossesNetwork(_ words: [String]) -> Bool {
  words.contains { $0.contains("ssh://") || $0.contains("tcp://") }
}
