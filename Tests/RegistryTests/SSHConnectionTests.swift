import Glibc
import Plans
import Testing

@Suite struct SSHConnectionTests {
  static let first = ["ssh", "-o", "ControlMaster=no"]
  static let noMaster = ["-o", "ControlPath=none"]
  static let ours = [
    "-T", "-o", "IgnoreUnknown=*", "-o", "RemoteCommand=none", "-o", "StdinNull=no", "-o", "ForkAfterAuthentication=no",
  ]
  static let alone = ["-o", "BatchMode=yes"]
  static let asking = ["-o", "BatchMode=no", "-o", "NumberOfPasswordPrompts=1"]
  static let rest = [
    "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=30", "-o", "ServerAliveCountMax=10", "-o", "Compression=no",
  ]

  struct Row: Sendable, CustomTestStringConvertible {
    var name: String
    var options: String
    var argv: [String]
    var testDescription: String { name }
    init(_ name: String, _ options: String, _ argv: [String]) {
      (self.name, self.options, self.argv) = (name, options, argv)
    }
  }

  @Test(arguments: [
    Row("nothing set", #""#, first + noMaster + ours + alone + rest + ["10.0.0.7"]),
    Row(
      "Ansible's default ssh_args", #","ssh_args":"-C -o ControlMaster=auto -o ControlPersist=60s""#,
      first + noMaster + ours + alone + rest + ["10.0.0.7"]),
    Row(
      "port, user and key", #","port":2222,"remote_user":"deploy","private_key_file":"~/my key""#,
      first + noMaster + ours
        + ["-o", "Port=2222", "-o", "User=deploy", "-o", "IdentityFile=\"~/my key\""] + alone + rest + ["10.0.0.7"]),
    Row("numbers as text", #","port":"22""#, first + noMaster + ours + ["-o", "Port=22"] + alone + rest + ["10.0.0.7"]),
    Row("empty texts are not set", #","port":"","remote_user":"","ssh_args":"""#, first + noMaster + ours + alone + rest + ["10.0.0.7"]),
    Row("null is not set", #","port":null,"ssh_args":null"#, first + noMaster + ours + alone + rest + ["10.0.0.7"]),
    Row(
      "a user named by a number", #","remote_user":1000"#,
      first + noMaster + ours + ["-o", "User=1000"] + alone + rest + ["10.0.0.7"]),
    Row(
      "another client", #","ssh_executable":"/opt/ssh/bin/ssh -4""#,
      ["/opt/ssh/bin/ssh", "-4"] + first.dropFirst() + noMaster + ours + alone + rest + ["10.0.0.7"]),
    Row(
      "arguments in Ansible's order", #","ssh_args":"-o A=1","ssh_common_args":"-o 'ProxyCommand=ssh -W %h:%p jump'","ssh_extra_args":"-A -vA""#,
      first + ["-o", "A=1", "-o", "ProxyCommand=ssh -W %h:%p jump", "-A", "-vA"] + noMaster + ours + alone + rest + ["10.0.0.7"]),
    Row(
      "what would take the link away", #","ssh_args":"-CtTq -ACM -MvCq -oControlMaster=auto -o 'ControlPersist 60s' -o RequestTTY=force""#,
      first + ["-A", "-v"] + noMaster + ours + alone + rest + ["10.0.0.7"]),
    Row(
      "a value is not an option", #","ssh_args":"-i -C -J -M -F/etc/C -LC:1:2:3 -vp 2200""#,
      first + ["-i", "-C", "-J", "-M", "-F", "/etc/C", "-L", "C:1:2:3", "-v", "-p", "2200"] + noMaster + ours + alone + rest + ["10.0.0.7"]),
    Row(
      "a master's path that the user names", #","ssh_args":"-o ControlMaster=auto -o ControlPath=~/cm""#,
      first + ["-o", "ControlPath=~/cm"] + ours + alone + rest + ["10.0.0.7"]),
    Row("the same by -S", #","ssh_args":"-S ~/cm""#, first + ["-S", "~/cm"] + ours + alone + rest + ["10.0.0.7"]),
    Row(
      "host keys unchecked", #","host_key_checking":false"#,
      first + noMaster + ours + ["-o", "StrictHostKeyChecking=no"] + alone + rest + ["10.0.0.7"]),
    Row(
      "host keys unchecked, as text", #","host_key_checking":"no""#,
      first + noMaster + ours + ["-o", "StrictHostKeyChecking=no"] + alone + rest + ["10.0.0.7"]),
    Row("verbose", #","mitogen_ssh_debug_level":2"#, first + noMaster + ["-vv"] + ours + alone + rest + ["10.0.0.7"]),
    Row("very verbose", #","verbosity":9"#, first + noMaster + ["-vvv"] + ours + alone + rest + ["10.0.0.7"]),
    Row(
      "compression and keepalive", #","mitogen_ssh_compression":true,"mitogen_ssh_keepalive_interval":5,"mitogen_ssh_keepalive_count":3,"timeout":60"#,
      first + noMaster + ours + alone
        + ["-o", "ConnectTimeout=60", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3", "-o", "Compression=yes", "10.0.0.7"]),
    Row("a part of a second", #","timeout":2.5"#, first + noMaster + ours + alone + ["-o", "ConnectTimeout=3"] + rest.dropFirst(2) + ["10.0.0.7"]),
    Row("no time limit means the standard one", #","timeout":0"#, first + noMaster + ours + alone + rest + ["10.0.0.7"]),
    Row(
      "no keepalive", #","mitogen_ssh_keepalive_interval":0"#,
      first + noMaster + ours + alone + ["-o", "ConnectTimeout=10", "-o", "Compression=no", "10.0.0.7"]),
    Row("a password", #","has_password":true"#, first + noMaster + ours + asking + rest + ["10.0.0.7"]),
    Row(
      "a smart card", #","has_password":true,"pkcs11_provider":"/lib/opensc.so""#,
      first + noMaster + ours + ["-o", "PKCS11Provider=/lib/opensc.so", "-o", "PreferredAuthentications=publickey"] + asking + rest + ["10.0.0.7"]),
  ])
  func theCommandLine(_ row: Row) throws {
    let plan = try plan("ssh", #"{"name":"web1","host":"10.0.0.7"\#(row.options)}"#)
    #expect(words(plan) == row.argv)
    #expect(plan.argv.last == .bootstrapShellCommand)
    #expect(plan.interpreter == .discover)
  }

  @Test func withoutASecretNobodyIsAsked() throws {
    let plan = try plan("ssh", #"{"name":"web1","host":"web1"}"#)
    #expect(plan.stdio == .socketpair && plan.prompts.isEmpty && plan.environment.isEmpty)
    #expect(plan.description == "ssh to web1")
  }

  @Test func withASecretThereIsATerminalForThePrompt() throws {
    let plan = try plan("ssh", #"{"name":"web1","host":"10.0.0.7","port":22,"remote_user":"deploy","has_password":true}"#)
    #expect(plan.stdio == .ttyBeside)
    #expect(plan.environment == ["SSH_ASKPASS_REQUIRE": nil])
    #expect(plan.description == "ssh to web1 (deploy@10.0.0.7, port 22)")
  }

  /// What each text of an ssh client leads to, by the first rule that matches it.
  @Test(arguments: [
    ("deploy@10.0.0.7's password: ", "send password"), ("(deploy@10.0.0.7) Password: ", "send password"),
    ("(deploy@10.0.0.7) Passwort: ", "send password"), ("Enter PIN for 'PIV': ", "send password"),
    ("Your badge word? ", "send password"),
    ("Enter passphrase for key '/home/u/.ssh/id_ed25519': ", "send private_key_passphrase"),
    ("Are you sure you want to continue connecting (yes/no/[fingerprint])? ", "unreachable"),
    ("(current) UNIX password: ", "authentication"), ("Current password: ", "authentication"),
    ("New password: ", "authentication"), ("(deploy@10.0.0.7) Verification code: ", "authentication"),
    ("Something else entirely ", "none"),
  ])
  func promptsAreAnsweredByTheFirstRule(_ text: String, _ outcome: String) throws {
    let plan = try plan("ssh", #"{"name":"web1","host":"10.0.0.7","has_password":true,"sshpass_prompt":"Your badge word?"}"#)
    #expect(plan.prompts.allSatisfy { $0.on == "tty" && $0.match == .contains })
    let rule = plan.prompts.first { text.lowercased().contains($0.text.lowercased()) }
    switch rule?.then {
    case .send(let slot): #expect(outcome == "send \(slot)")
    case .fail(let code, let message, let hint):
      #expect(outcome == code)
      #expect(message.hasPrefix("Failed to connect to the host via ssh: ") && message.contains("web1") && !hint.isEmpty)
    default: #expect(outcome == "none")
    }
  }

  /// What an ssh client really writes, and what it means.
  @Test(arguments: [
    ("ssh: Could not resolve hostname nosuch: Name or service not known", "unreachable", "cannot be resolved"),
    ("ssh: connect to host 10.0.0.7 port 22: Connection refused", "unreachable", "web1 (10.0.0.7) refused the connection"),
    ("ssh: connect to host 10.0.0.7 port 22: Connection timed out", "unreachable", "did not answer in time"),
    ("Connection timed out during banner exchange", "unreachable", "did not answer in time"),
    ("ssh: connect to host 10.0.0.7 port 22: No route to host", "unreachable", "no route"),
    ("deploy@10.0.0.7: Permission denied (publickey,password).", "authentication", "refused the login"),
    ("Received disconnect from 10.0.0.7 port 22:2: Too many authentication failures", "authentication", "further keys"),
    ("@  WARNING: UNPROTECTED PRIVATE KEY FILE!  @\nPermission denied (publickey).", "authentication", "read by others"),
    ("@  WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!  @\nHost key verification failed.", "unreachable", "has changed"),
    ("@  WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!  @\nPermission denied (publickey).", "authentication", "refused the login"),
    ("No ED25519 host key is known for 10.0.0.7 and you have requested strict checking.\nHost key verification failed.", "unreachable", "is not known"),
    ("Host key verification failed.", "unreachable", "could not be verified"),
    ("kex_exchange_identification: Connection closed by remote host", "unreachable", "before it said who it is"),
    ("Unable to negotiate with 10.0.0.7 port 22: no matching host key type found.", "unreachable", "no common algorithm"),
    ("command-line: line 0: Bad configuration option: foo", "unreachable", "does not know an option"),
  ])
  func textsOfTheClientAreExplained(_ text: String, _ code: String, _ part: String) throws {
    let plan = try plan("ssh", #"{"name":"web1","host":"10.0.0.7"}"#)
    let hint = try #require(plan.hints.first { text.contains($0.contains) })
    #expect(hint.code == code && hint.message.contains(part) && !hint.hint.isEmpty)
    #expect(hint.message.hasPrefix("Failed to connect to the host via ssh: "))
  }

  @Test(arguments: [
    (#"{"name":"web1"}"#, "host"), (#"{"name":"web1","host":"-oProxyCommand=x"}"#, "host"),
    (#"{"name":"web1","host":"h","port":"many"}"#, "port"), (#"{"name":"web1","host":"h","port":[1]}"#, "port"),
    (#"{"name":"web1","host":"h","ssh_args":"-o 'A"}"#, "ssh_args"),
    (#"{"name":"web1","host":"h","host_key_checking":"perhaps"}"#, "host_key_checking"),
  ])
  func whatCannotBeReadIsRefusedByName(_ options: String, _ option: String) throws {
    let refusal = try #require(throws: PluginRefusal.self) { try plan("ssh", options) }
    #expect(refusal.message.hasPrefix("the option \(option) of ssh for web1: "))
  }

  /// The installed client's own reading of our command line, under a configuration that wants everything else.
  @Test func theInstalledClientReadsItAsMeant() throws {
    let folder = TemporaryFolder.make()
    TemporaryFolder.write(
      Array(
        """
        Host *
          ControlMaster auto
          ControlPath /tmp/cm-%C
          ControlPersist yes
          RemoteCommand tmux
          RequestTTY force
          StdinNull yes
          ForkAfterAuthentication yes
          BatchMode no
          Compression yes
        """.utf8), folder + "/config")
    let plan = try plan(
      "ssh", #"{"name":"web1","host":"10.0.0.7","remote_user":"two words","ssh_args":"-F \#(folder)/config -C -tt"}"#)
    let command = words(plan)
    let output = folder + "/output"
    let script = ([command[0], "-G"] + command.dropFirst()).map { "'\($0)'" }.joined(separator: " ") + " > \(output)"
    try #require(CLibrary.run(["sh", "-c", script]) == 0)
    let text = try TemporaryFolder.read(output)
    let settings = Set(text.split(separator: "\n").map(String.init))
    for setting in [
      "controlmaster false", "requesttty false", "stdinnull no", "forkafterauthentication no", "batchmode yes",
      "compression no", "user two words", "hostname 10.0.0.7", "serveraliveinterval 30", "connecttimeout 10",
    ] {
      #expect(settings.contains(setting), "\(setting)")
    }
    #expect(!text.contains("tmux") && !text.contains("/tmp/cm-"))
  }
}
