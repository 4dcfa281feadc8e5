import PluginKit

/// What the ssh client says, and what it means. Its texts are not translated; they are those of OpenSSH 5.3 to 10.
struct SSHMessages {
  private typealias Rule = LaunchPlan.PromptRule
  private typealias Hint = LaunchPlan.ErrorHint

  let target: SSHTarget
  let secrets: SSHSecrets
  /// Where the arguments name jump hosts: they must not get the target's password.
  let jumpHosts: [String]

  private static let network = "unreachable"
  private static let login = "authentication"
  private static let knownHosts =
    "connect once by hand and compare the key, add it to known_hosts, or set ansible_host_key_checking=false"
  private static let changedKey =
    "if the machine was reinstalled, remove the old key with ssh-keygen -R; if not, somebody may be in between"

  private func failed(_ what: String) -> String { "Failed to connect to the host via ssh: \(what)" }

  // MARK: Prompts

  /// ssh puts its questions on the controlling terminal, and nothing else; banners and warnings go to stderr, where
  /// nothing is ever answered.
  func prompts(extra: String?) -> [LaunchPlan.PromptRule] {
    // All that ssh says is for the log.
    let log = Rule(match: .contains, text: "", then: .log, on: "stderr")
    return (secrets.areAskedFor ? questions(extra: extra) : []) + [log]
  }

  private func questions(extra: String?) -> [LaunchPlan.PromptRule] {
    var rules = [
      refuse(
        "are you sure you want to continue connecting", Self.network, "the host key of \(target) is not known",
        Self.knownHosts)
    ]
    for host in jumpHosts {
      // By the methods password and keyboard-interactive.
      for text in ["@\(host)'s password", "@\(host)) "] {
        rules.append(
          refuse(
            text, Self.login, "the jump host \(host) asks for a password",
            "use a key or ssh-agent for it, or reach \(target.inventoryName) by mitogen_via"))
      }
    }
    // An expired password is asked for by the same word as the right one, so these come first.
    for text in ["current password", "(current) unix password", "new password", "retype "] {
      rules.append(
        refuse(text, Self.login, "the password for \(target) has expired", "log in by hand and change it"))
    }
    for text in ["verification code", "one-time password", "passcode", "otp:", "otp code"] {
      rules.append(
        refuse(
          text, Self.login, "\(target) asks for a one-time code",
          "use a key, or name the path of a master connection that you opened by hand: ansible_ssh_common_args='-o ControlPath=…'"))
    }
    rules.append(send("private_key_passphrase", "enter passphrase for"))
    rules.append(send("password", "enter pin for"))
    if let extra { rules.append(send("password", extra)) }
    return rules + PasswordPrompt.rules(send: "password")
  }

  private func refuse(_ text: String, _ code: String, _ what: String, _ hint: String) -> Rule {
    Rule(match: .contains, text: text, then: .fail(code: code, message: failed(what), hint: hint), on: "tty")
  }

  private func send(_ slot: String, _ text: String) -> Rule {
    Rule(match: .contains, text: text, then: .send(slot: slot), on: "tty")
  }

  // MARK: Hints

  /// Looked up in what ssh wrote when it ended without a node. The order matters: a proxy that fails says what failed
  /// in the words of a target; a refused login after a tolerated change of the host key is a refused login.
  var hints: [LaunchPlan.ErrorHint] { onTheWay + loggingIn + hostKeys + connecting + configuration }

  private func hint(_ contains: String, _ code: String, _ what: String, _ hint: String) -> Hint {
    Hint(contains: contains, code: code, message: failed(what), hint: hint)
  }

  private var onTheWay: [Hint] {
    let behindJump = "check the address as the jump host sees it"
    return [
      hint("Stdio forwarding request failed", Self.network, "the jump host could not reach \(target)", behindJump),
      hint("stdio forwarding failed", Self.network, "the jump host could not reach \(target)", behindJump),
      // What ssh calls the peer of a proxy command that has ended.
      hint(
        "UNKNOWN port 65535", Self.network, "the jump host or proxy command on the way to \(target) failed",
        "the text of ssh says why; check ProxyJump and ProxyCommand"),
    ]
  }

  private var loggingIn: [Hint] {
    var hints = [
      hint(
        "Too many authentication failures", Self.login, "\(target) refused further keys before the right one was offered",
        "name the key with ansible_ssh_private_key_file, and add -o IdentitiesOnly=yes to ansible_ssh_common_args"),
      hint(
        "UNPROTECTED PRIVATE KEY FILE", Self.login, "the private key for \(target) can be read by others, so ssh ignores it",
        "chmod 600 the key"),
    ]
    if secrets.hasPassword {
      hints.append(
        hint(
          "is disabled to avoid man-in-the-middle attacks", Self.network,
          "the host key of \(target) has changed, so ssh sends it no password", Self.changedKey))
    }
    for text in ["password has expired", "Password change required"] {
      hints.append(hint(text, Self.login, "the password for \(target) has expired", "log in by hand and change it"))
    }
    hints += [
      hint(
        "account has expired", Self.login, "the account on \(target) has expired", "renew it there, or use another account"),
      hint(
        "no such identity", Self.login, "the private key file for \(target) is not there",
        "check ansible_ssh_private_key_file"),
      hint(
        "Load key \"", Self.login, "a private key for \(target) could not be read",
        "the text of ssh says why; check ansible_ssh_private_key_file or ansible_ssh_private_key"),
      // With the bracket it is ssh's own: a shell that may not run something says the same words.
      hint("Permission denied (", Self.login, "\(target) refused the login (permission denied)", whatToCheck),
      // nologin says it where a shell would have started Python.
      Hint(
        contains: "This account is currently not available", on: "stdout", code: Self.login,
        message: failed("the account on \(target) may not log in"), hint: "give it a shell, or use another account"),
    ]
    return hints
  }

  private var whatToCheck: String {
    if secrets.hasPassphrase { return "check ansible_user, the key, and its passphrase (ansible_private_key_passphrase)" }
    if secrets.hasPassword { return "check ansible_user and ansible_password" }
    return "check ansible_user, the key (ansible_ssh_private_key_file, ssh-agent) or ansible_password"
  }

  private var hostKeys: [Hint] {
    [
      hint(
        "REVOKED HOST KEY DETECTED", Self.network, "the host key of \(target) is marked as revoked",
        "find out why before you connect"),
      hint(
        "REMOTE HOST IDENTIFICATION HAS CHANGED", Self.network, "the host key of \(target) has changed", Self.changedKey),
      hint("host key is known for", Self.network, "the host key of \(target) is not known", Self.knownHosts),
      hint(
        "Host key verification failed", Self.network, "the host key of \(target) could not be verified", Self.knownHosts),
    ]
  }

  private var connecting: [Hint] {
    [
      hint(
        "Could not resolve hostname", Self.network, "the name \"\(target.host)\" cannot be resolved",
        "check ansible_host, the inventory's name, and the name server"),
      hint(
        "Connection refused", Self.network, "\(target) refused the connection",
        "check that sshd runs there, and ansible_port"),
      hint(
        "timed out", Self.network, "\(target) did not answer in time",
        "check the address, a firewall in between, and ansible_timeout"),
      hint("No route to host", Self.network, "there is no route to \(target)", "check the address and the network"),
      hint(
        "Network is unreachable", Self.network, "the network of \(target) cannot be reached", "check the network"),
      hint(
        "Unable to negotiate with", Self.network, "ssh and the server of \(target) have no common algorithm",
        "the text of ssh names what the server offers; allow it in ansible_ssh_common_args"),
      hint(
        "banner line", Self.network, "what answers at \(target) is no ssh server", "check ansible_host and ansible_port"),
      hint(
        "kex_exchange_identification", Self.network, "\(target) closed the connection before it said who it is",
        "sshd may limit connections (MaxStartups) or addresses; check its log"),
      hint(
        "Connection reset", Self.network, "\(target) reset the connection",
        "check that the port is that of sshd, and its log"),
      hint(
        "Connection closed by", Self.network, "\(target) closed the connection",
        "check sshd's log: limits, AllowUsers, a crash at login"),
    ]
  }

  private var configuration: [Hint] {
    let arguments = "check ansible_ssh_args, ansible_ssh_common_args and ansible_ssh_extra_args"
    return [
      hint(
        "Bad owner or permissions", Self.network, "ssh refuses a configuration file that others may write",
        "correct the owner and mode of the file that the text names"),
      hint("Bad configuration option", Self.network, "ssh does not know an option that it was given", arguments),
      hint("unknown option", Self.network, "ssh does not know an option that it was given", arguments),
      hint("command-line", Self.network, "ssh does not accept an option that it was given", arguments),
    ]
  }
}
