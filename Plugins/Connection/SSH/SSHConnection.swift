import PluginKit

/// A node on another machine, reached by the OpenSSH client that the user has, with the user's configuration.
struct SSHConnection: ConnectionPlugin {
  static let name = "ssh"
  static let summary = "Reaches a machine by the OpenSSH client."
  static let aliases = ["ansible.builtin.ssh", "ansible.legacy.ssh", "smart"]
  static let options = SSHOptions.all

  func plan(_ options: Options, probes: [ProbeResult]?) throws -> LaunchPlan {
    guard let host = try options.string("host") else {
      throw options.refusal("host", "no address is given", "set ansible_host")
    }
    guard !host.hasPrefix("-") else {
      throw options.refusal("host", "\"\(host)\" would be read as an option of ssh", "correct ansible_host")
    }
    let target = SSHTarget(
      inventoryName: options.host, host: host, port: try options.int("port"), user: try options.string("remote_user"))
    let secrets = try SSHSecrets(options)
    let first = SSHArguments(try options.words("ssh_args"))
    let others = SSHArguments(try options.words("ssh_common_args") + options.words("ssh_extra_args"))
    let messages = SSHMessages(
      target: target, secrets: secrets, jumpHosts: (first.jumpHosts + others.jumpHosts).filter { $0 != host })

    return LaunchPlan(
      argv: try command(options, target, secrets, first, others) + [.bootstrapShellCommand],
      // With a terminal at hand, ssh would still put a window on the user's screen if this were set.
      environment: secrets.areAskedFor ? ["SSH_ASKPASS_REQUIRE": nil] : [:],
      stdio: secrets.areAskedFor ? .ttyBeside : .socketpair,
      interpreter: .discover,
      prompts: messages.prompts(extra: try options.string("sshpass_prompt")),
      hints: messages.hints,
      description: "ssh to \(target)",
      timeout: try options.seconds("timeout"),
      retries: max(try options.int("reconnection_retries") ?? 0, 0))
  }

  /// Of an option given twice ssh takes the first. So what must hold comes first, then what is set, in the order
  /// of stock Ansible, and what merely completes it comes last.
  private func command(
    _ options: Options, _ target: SSHTarget, _ secrets: SSHSecrets, _ first: SSHArguments, _ others: SSHArguments
  ) throws -> [LaunchPlan.Argument] {
    var argv = try Words.split(options.string("ssh_executable") ?? "ssh")
    // A link lives as long as its ssh client. As a master the client would go on in the background after the run
    // and hold the link's descriptors. A master that stands already is used if the user names its path here.
    argv += ["-o", "ControlMaster=no"]
    let verbosity = max(try options.int("mitogen_ssh_debug_level") ?? 0, try options.int("verbosity") ?? 0)
    if verbosity > 0 { argv.append("-" + String(repeating: "v", count: min(verbosity, 3))) }
    argv += first.words

    if try !options.bool("host_key_checking") { argv += ["-o", "StrictHostKeyChecking=no"] }
    if let port = target.port { argv += ["-o", "Port=\(port)"] }
    var identity: [LaunchPlan.Argument] = []
    if secrets.hasKey {
      // Only this key is meant: a passphrase must not be offered to another.
      identity = [.literal("-o"), .literal("IdentitiesOnly=yes"), .literal("-i"), .secretFile(slot: "private_key")]
    } else if let key = try options.string("private_key_file") {
      argv += ["-o", "IdentityFile=\(quoted(key))"]
    }
    if let provider = try options.string("pkcs11_provider") {
      argv += ["-o", "PKCS11Provider=\(quoted(provider))", "-o", "PreferredAuthentications=publickey"]
    }
    if let user = target.user { argv += ["-o", "User=\(quoted(user))"] }
    argv += ["-o", "ConnectTimeout=\(connectTimeout(try options.seconds("timeout")))"]

    argv += others.words
    if !first.namesControlPath && !others.namesControlPath { argv += ["-o", "ControlPath=none"] }
    argv += completion(secrets)
    if let interval = try options.int("mitogen_ssh_keepalive_interval"), interval > 0 {
      let count = try options.int("mitogen_ssh_keepalive_count") ?? 10
      argv += ["-o", "ServerAliveInterval=\(interval)", "-o", "ServerAliveCountMax=\(count)"]
    }
    // The link compresses by itself what is worth it; ssh would do it a second time, files included.
    argv += ["-o", "Compression=\(try options.bool("mitogen_ssh_compression") ? "yes" : "no")"]
    return argv.map(LaunchPlan.Argument.literal) + identity + [.literal(target.host)]
  }

  /// What an ssh_config may not change.
  private func completion(_ secrets: SSHSecrets) -> [String] {
    // It may give the host a command, a terminal or no stdin. Clients before 8.7 do not know StdinNull, SessionType
    // and ForkAfterAuthentication, those before 7.6 RemoteCommand: from here on, what a client does not know is no
    // error. What the user wrote stands before this and is still checked by ssh.
    var words = ["-T", "-o", "IgnoreUnknown=*", "-o", "RemoteCommand=none", "-o", "SessionType=default"]
    words += ["-o", "StdinNull=no", "-o", "ForkAfterAuthentication=no"]
    // A client that is told to be quiet does not say why it failed. What it says goes to the log.
    words += ["-o", "LogLevel=INFO"]
    guard secrets.areAskedFor else { return words + ["-o", "BatchMode=yes"] }
    // One refused password is enough: a second try would send the same again, and accounts get locked.
    // A question about new host keys would come when nobody answers any more.
    words += ["-o", "BatchMode=no", "-o", "NumberOfPasswordPrompts=1", "-o", "UpdateHostKeys=no"]
    // Where only a passphrase is known, a question for a password could not be answered.
    return secrets.hasPassword ? words : words + ["-o", "PasswordAuthentication=no", "-o", "KbdInteractiveAuthentication=no"]
  }

  /// A second less than the hop has in all: then ssh itself says that nothing answers, and a connection that takes
  /// longer would leave no time for Python. At most a day: ssh refuses what does not fit its int.
  private func connectTimeout(_ seconds: Double) -> Int {
    max(Int(min(seconds, 86400).rounded(.up)) - 1, 1)
  }

  /// ssh splits the value of `-o` at blanks unless it is quoted.
  private func quoted(_ value: String) -> String {
    value.utf8.contains { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "#") }
      ? "\"\(value)\"" : value
  }
}

private let library = PluginLibrary(version: "0.1.0", SSHConnection())

@c @implementation public func mitogen_library_v1() -> UnsafePointer<mitogen_library>? { library.table }
