/// How a method that changes the account is used. One program serves both; what differs is which options and
/// variables name account and password, and how a failure is to be taken.
public enum AccountRole: Sendable {
  /// `ansible_become_method: sudo`: an account for a task. A failure fails the task.
  case become
  /// `ansible_connection: mitogen_sudo`: a host of its own. A failure makes it unreachable.
  case connection

  /// The option that names the account.
  public var accountOption: String { self == .become ? "become_user" : "remote_user" }
  public var accountVariable: String { self == .become ? "ansible_become_user" : "ansible_user" }
  public var passwordVariable: String { self == .become ? "ansible_become_password" : "ansible_password" }
  /// What a user can do about a missing password.
  public var givePassword: String { "set \(passwordVariable), or give \(self == .become ? "-K" : "-k")" }
  public var checkPassword: String { "check \(passwordVariable), or what was given with \(self == .become ? "-K" : "-k")" }

  /// Code of an error that is about the password.
  public var refusedCode: String { self == .become ? "become" : "authentication" }
  /// Code of every other error.
  public var failedCode: String { self == .become ? "become" : "unreachable" }
  /// A host of its own has an interpreter of its own; a task's account uses that of the account before it.
  public var interpreter: LaunchPlan.InterpreterChoice { self == .become ? .direct : .discover }

  /// An error hint of a plan: what the program says, and what that means.
  public func hint(_ contains: String, _ message: String, _ hint: String) -> LaunchPlan.ErrorHint {
    .init(contains: contains, code: failedCode, message: message, hint: hint)
  }

  /// An error hint that is about the password.
  public func refusal(_ contains: String, _ message: String, _ hint: String) -> LaunchPlan.ErrorHint {
    .init(contains: contains, code: refusedCode, message: message, hint: hint)
  }
}

extension AccountRole {
  /// Account, program, flags, password and time limit of a program such as sudo, named as Ansible names them.
  ///
  /// As a become method: `ansible_become_X` and `ansible_TOOL_X`, of which the second wins. As a connection the account
  /// and its password are the host's own; where `becomeFlags` is true, flags that were set for become apply as well.
  public func options(
    of tool: String, flags: String, _ flagsDescription: String, becomeFlags: Bool = false
  ) -> [OptionDeclaration] {
    let upper = tool.uppercased()
    let section = "\(tool)_become_plugin"
    func ini(_ general: String, _ own: String) -> [OptionDeclaration.IniKey] {
      [.init(section: "privilege_escalation", key: general), .init(section: section, key: own)]
    }
    let timeout = OptionDeclaration.float(
      "timeout", "Seconds until the node must have answered.", default: 10, vars: ["ansible_timeout"],
      ini: ["defaults/timeout"], env: ["ANSIBLE_TIMEOUT"])
    switch self {
    case .become:
      return [
        .string(
          "become_user", "Account to become: root where nothing says otherwise.", vars: ["ansible_become_user", "ansible_\(tool)_user"],
          ini: ini("become_user", "user"), env: ["ANSIBLE_BECOME_USER", "ANSIBLE_\(upper)_USER"], aliases: ["user"]),
        .string(
          "become_exe", "The \(tool) program, with words before it if need be.", default: tool,
          vars: ["ansible_become_exe", "ansible_\(tool)_exe"], ini: ini("become_exe", "executable"),
          env: ["ANSIBLE_BECOME_EXE", "ANSIBLE_\(upper)_EXE"], aliases: ["exe"]),
        .string(
          "become_flags", flagsDescription, default: flags, vars: ["ansible_become_flags", "ansible_\(tool)_flags"],
          ini: ini("become_flags", "flags"), env: ["ANSIBLE_BECOME_FLAGS", "ANSIBLE_\(upper)_FLAGS"], aliases: ["flags"]),
        .init(
          name: "password", type: .string, description: "The password that \(tool) asks for.", secret: true,
          vars: ["ansible_become_password", "ansible_become_pass", "ansible_\(tool)_pass"],
          ini: [.init(section: section, key: "password")], env: ["ANSIBLE_BECOME_PASS", "ANSIBLE_\(upper)_PASS"],
          aliases: ["become_pass"]),
        timeout,
      ]
    case .connection:
      return [
        .string(
          "remote_user", "Account of the host: root where nothing says otherwise.", vars: ["ansible_user"], ini: ["defaults/remote_user"],
          env: ["ANSIBLE_REMOTE_USER"], aliases: ["user", "become_user"]),
        .string(
          "become_exe", "The \(tool) program, with words before it if need be.", default: tool,
          vars: ["ansible_\(tool)_exe"], ini: [.init(section: section, key: "executable")],
          env: ["ANSIBLE_\(upper)_EXE"], aliases: ["exe"]),
        .string(
          "become_flags", flagsDescription, default: flags,
          vars: (becomeFlags ? ["ansible_become_flags"] : []) + ["ansible_\(tool)_flags"],
          ini: [.init(section: section, key: "flags")], env: ["ANSIBLE_\(upper)_FLAGS"], aliases: ["flags"]),
        .secret("password", "The password that \(tool) asks for.", vars: ["ansible_password"]),
        timeout,
      ]
    }
  }
}
