import PluginKit

/// What the ssh client says, and what it means. Its texts are not translated; they are those of OpenSSH 5.3 to 10.
enum SSHMessages {
  private typealias Rule = LaunchPlan.PromptRule

  /// On the controlling terminal, where ssh puts its questions and nothing else.
  static func prompts(_ target: SSHTarget, extra: String?) -> [LaunchPlan.PromptRule] {
    func fail(_ text: String, _ code: String, _ message: String, _ hint: String) -> Rule {
      Rule(match: .contains, text: text, then: .fail(code: code, message: message, hint: hint), on: "tty")
    }
    var rules = [
      fail(
        "are you sure you want to continue connecting", "unreachable",
        "Failed to connect to the host via ssh: the host key of \(target) is not known",
        "connect once by hand and compare the key, add it to known_hosts, or set ansible_host_key_checking=false")
    ]
    // An expired password is asked for by the same word as the right one, so these come first.
    for text in ["current password", "(current) unix password", "new password", "retype "] {
      rules.append(
        fail(
          text, "authentication", "Failed to connect to the host via ssh: the password for \(target) has expired",
          "log in by hand and change it"))
    }
    for text in ["verification code", "one-time password", "passcode", "otp"] {
      rules.append(
        fail(
          text, "authentication", "Failed to connect to the host via ssh: \(target) asks for a one-time code",
          "use a key, or name the path of a master connection that you opened by hand: ansible_ssh_common_args='-o ControlPath=…'"))
    }
    rules.append(
      Rule(match: .contains, text: "enter passphrase for", then: .send(slot: "private_key_passphrase"), on: "tty"))
    rules.append(Rule(match: .contains, text: "enter pin for", then: .send(slot: "password"), on: "tty"))
    if let extra { rules.append(Rule(match: .contains, text: extra, then: .send(slot: "password"), on: "tty")) }
    return rules + PasswordPrompt.rules(send: "password")
  }

  /// Looked up in what ssh wrote when it ended without a node. The order matters: a refused login after a
  /// tolerated change of the host key is a refused login.
  static func hints(_ target: SSHTarget) -> [LaunchPlan.ErrorHint] {
    func hint(_ contains: String, _ code: String, _ what: String, _ hint: String) -> LaunchPlan.ErrorHint {
      .init(
        contains: contains, code: code, message: "Failed to connect to the host via ssh: \(what)", hint: hint)
    }
    let network = "unreachable"
    let login = "authentication"
    return [
      hint(
        "Too many authentication failures", login, "\(target) refused further keys before the right one was offered",
        "name the key with ansible_ssh_private_key_file, and add -o IdentitiesOnly=yes to ansible_ssh_common_args"),
      hint(
        "UNPROTECTED PRIVATE KEY FILE", login, "the private key for \(target) can be read by others, so ssh ignores it",
        "chmod 600 the key"),
      hint(
        "Permission denied", login, "\(target) refused the login (permission denied)",
        "check ansible_user, the key (ansible_ssh_private_key_file, ssh-agent) or ansible_password"),
      hint(
        "REMOTE HOST IDENTIFICATION HAS CHANGED", network, "the host key of \(target) has changed",
        "if the machine was reinstalled, remove the old key with ssh-keygen -R; if not, somebody may be in between"),
      hint(
        "host key is known for", network, "the host key of \(target) is not known",
        "connect once by hand and compare the key, add it to known_hosts, or set ansible_host_key_checking=false"),
      hint(
        "Host key verification failed", network, "the host key of \(target) could not be verified",
        "connect once by hand and compare the key, add it to known_hosts, or set ansible_host_key_checking=false"),
      hint(
        "Could not resolve hostname", network, "the name \"\(target.host)\" cannot be resolved",
        "check ansible_host, the inventory's name, and the name server"),
      hint(
        "Connection refused", network, "\(target) refused the connection",
        "check that sshd runs there, and ansible_port"),
      hint(
        "timed out", network, "\(target) did not answer in time",
        "check the address, a firewall in between, and ansible_timeout"),
      hint("No route to host", network, "there is no route to \(target)", "check the address and the network"),
      hint("Network is unreachable", network, "the network of \(target) cannot be reached", "check the network"),
      hint(
        "Stdio forwarding request failed", network, "the jump host could not reach \(target)",
        "check the address as the jump host sees it"),
      hint(
        "Unable to negotiate with", network, "ssh and the server of \(target) have no common algorithm",
        "the text of ssh names what the server offers; allow it in ansible_ssh_common_args"),
      hint(
        "kex_exchange_identification", network, "\(target) closed the connection before it said who it is",
        "sshd may limit connections (MaxStartups) or addresses; check its log"),
      hint(
        "Bad owner or permissions", network, "ssh refuses a configuration file that others may write",
        "correct the owner and mode of the file that the text names"),
      hint(
        "Bad configuration option", network, "ssh does not know an option that it was given",
        "check ansible_ssh_args, ansible_ssh_common_args and ansible_ssh_extra_args"),
      hint(
        "unknown option", network, "ssh does not know an option that it was given",
        "check ansible_ssh_args, ansible_ssh_common_args and ansible_ssh_extra_args"),
      hint(
        "This account is currently not available", login, "the account on \(target) may not log in",
        "give it a shell, or use another account"),
      hint(
        "Connection reset", network, "\(target) reset the connection",
        "check that the port is that of sshd, and its log"),
      hint(
        "Connection closed by", network, "\(target) closed the connection",
        "check sshd's log: limits, AllowUsers, a crash at login"),
    ]
  }
}
