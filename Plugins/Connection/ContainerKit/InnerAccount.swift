import PluginKit

/// Where a tool enters as root only, the account is changed inside, as Ansible's own plugins do it.
extension Container {
  /// `SU USER -c`; nothing for the standard account.
  public func becoming(by program: [String]) -> [String] {
    guard let user else { return [] }
    return program + [user, "-c"]
  }

  /// What su says, of util-linux, shadow and busybox, in English: it runs in a container without a locale.
  public var suHints: [LaunchPlan.ErrorHint] {
    guard let user else { return [] }
    return [
      unknownUser("user \(user) does not exist"), unknownUser("unknown user \(user)"),
      unknownUser("No passwd entry for user"), unknownUser("invalid user"),
      .init(
        contains: "This account is currently not available", code: "authentication",
        message: "the account \(user) in the container may not log in", hint: "give it a shell, or use another account"),
    ]
  }
}
