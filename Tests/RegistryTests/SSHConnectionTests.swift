import Glibc
import Plans
import Testing

@Suite struct SSHConnectionTests {
  static let first = ["ssh", "-o", "ControlMaster=no"]
  static let limit = ["-o", "ConnectTimeout=9"]
  static let noMaster = ["-o", "ControlPath=none"]
  static let ours = [
    "-T", "-o", "IgnoreUnknown=*", "-o", "RemoteCommand=none", "-o", "SessionType=default", "-o", "StdinNull=no",
    "-o", "ForkAfterAuthentication=no", "-o", "LogLevel=INFO",
  ]
  static let alone = ["-o", "BatchMode=yes"]
  static let asking = ["-o", "BatchMode=no", "-o", "NumberOfPasswordPrompts=1", "-o", "UpdateHostKeys=no"]
  static let noPassword = ["-o", "PasswordAuthentication=no", "-o", "KbdInteractiveAuthentication=no"]
  static let rest = ["-o", "ServerAliveInterval=30", "-o", "ServerAliveCountMax=10", "-o", "Compression=no"]

  /// The command line with what the options add: the first arguments, the settings, the other arguments.
  static func ssh(_ arguments: [String] = [], _ settings: [String] = [], _ others: [String] = []) -> [String] {
    first + arguments + settings + limit + others + noMaster + ours + alone + rest + ["10.0.0.7"]
  }

  /// The same with another ConnectTimeout.
  static func within(_ seconds: Int) -> [String] {
    var words = ssh()
    words[4] = "ConnectTimeout=\(seconds)"
    return words
  }

  /// The same with other words after what must hold.
  static func ending(_ words: [String]) -> [String] { Array(ssh().dropLast(rest.count + 1)) + words + ["10.0.0.7"] }

  /// With a secret that ssh asks for.
  static func asked(_ settings: [String] = [], _ more: [String] = []) -> [String] {
    first + settings + limit + noMaster + ours + asking + more + rest + ["10.0.0.7"]
  }

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
    Row("nothing set", #""#, ssh()),
    Row("Ansible's default ssh_args", #","ssh_args":"-C -o ControlMaster=auto -o ControlPersist=60s""#, ssh()),
    Row(
      "port, user and key", #","port":2222,"remote_user":"deploy","private_key_file":"~/my key""#,
      ssh([], ["-o", "Port=2222", "-o", "IdentityFile=\"~/my key\"", "-o", "User=deploy"])),
    Row("numbers as text", #","port":"22""#, ssh([], ["-o", "Port=22"])),
    Row("empty texts are not set", #","port":"","remote_user":"","ssh_args":"""#, ssh()),
    Row("null is not set", #","port":null,"ssh_args":null"#, ssh()),
    Row("a user named by a number", #","remote_user":1000"#, ssh([], ["-o", "User=1000"])),
    Row(
      "another client", #","ssh_executable":"/opt/ssh/bin/ssh -4""#, ["/opt/ssh/bin/ssh", "-4"] + Array(ssh().dropFirst())),
    Row(
      "arguments and settings in Ansible's order",
      #","port":22,"ssh_args":"-o A=1","ssh_common_args":"-o 'ProxyCommand=ssh -W %h:%p jump'","ssh_extra_args":"-A -vA""#,
      ssh(["-o", "A=1"], ["-o", "Port=22"], ["-o", "ProxyCommand=ssh -W %h:%p jump", "-A", "-vA"])),
    Row(
      "what would take the link away",
      #","ssh_args":"-CtTq -ACM -MvCq -fnNs -oControlMaster=auto -o 'ControlPersist 60s' -o RequestTTY=force""#, ssh(["-A", "-v"])),
    Row(
      "the same by long names",
      #","ssh_common_args":"-o RemoteCommand=tmux -o ' StdinNull = yes' -oForkAfterAuthentication=yes -o SessionType=none -o LogLevel=QUIET -o loglevel=error""#,
      ssh([], [], ["-o", "loglevel=error"])),
    Row(
      "a value is not an option", #","ssh_args":"-i -C -J -M -F/etc/C -LC:1:2:3 -vp 2200""#,
      ssh(["-i", "-C", "-J", "-M", "-F", "/etc/C", "-L", "C:1:2:3", "-v", "-p", "2200"])),
    Row(
      "a master's path that the user names", #","ssh_args":"-o ControlMaster=auto -o ControlPath=~/cm""#,
      first + ["-o", "ControlPath=~/cm"] + limit + ours + alone + rest + ["10.0.0.7"]),
    Row("the same by -S", #","ssh_extra_args":"-S ~/cm""#, first + limit + ["-S", "~/cm"] + ours + alone + rest + ["10.0.0.7"]),
    Row("host keys unchecked", #","host_key_checking":false"#, ssh([], ["-o", "StrictHostKeyChecking=no"])),
    Row("host keys unchecked, as text", #","host_key_checking":"no""#, ssh([], ["-o", "StrictHostKeyChecking=no"])),
    Row(
      "host keys accepted when new", #","ssh_common_args":"-o StrictHostKeyChecking=accept-new""#,
      ssh([], [], ["-o", "StrictHostKeyChecking=accept-new"])),
    Row("verbose", #","mitogen_ssh_debug_level":2"#, ssh(["-vv"])),
    Row("very verbose", #","verbosity":9"#, ssh(["-vvv"])),
    Row(
      "compression and keepalive", #","mitogen_ssh_compression":true,"mitogen_ssh_keepalive_interval":5,"mitogen_ssh_keepalive_count":3"#,
      ending(["-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3", "-o", "Compression=yes"])),
    Row("a minute", #","timeout":60"#, within(59)),
    Row("a part of a second", #","timeout":2.5"#, within(2)),
    Row("hardly any time", #","timeout":0.1"#, within(1)),
    Row("a time that ssh cannot count", #","timeout":1e300"#, within(86399)),
    Row("no time limit means the standard one", #","timeout":0"#, ssh()),
    Row(
      "no keepalive", #","mitogen_ssh_keepalive_interval":0"#, ending(["-o", "Compression=no"])),
    Row("a password", #","has_password":true"#, asked()),
    Row("a password that is not to be used", #","has_password":true,"password_mechanism":"disable""#, ssh()),
    Row(
      "a passphrase, and no password to answer with", #","has_private_key_passphrase":true,"private_key_file":"/k""#,
      asked(["-o", "IdentityFile=/k"], noPassword)),
    Row(
      "a passphrase and a password", #","has_password":true,"has_private_key_passphrase":true,"private_key_file":"/k""#,
      asked(["-o", "IdentityFile=/k"])),
    Row(
      "a smart card", #","has_password":true,"pkcs11_provider":"/lib/opensc.so""#,
      asked(["-o", "PKCS11Provider=/lib/opensc.so", "-o", "PreferredAuthentications=publickey"])),
  ])
  func theCommandLine(_ row: Row) throws {
    let plan = try plan("ssh", #"{"name":"web1","host":"10.0.0.7"\#(row.options)}"#)
    #expect(words(plan) == row.argv)
    #expect(plan.argv.last == .bootstrapShellCommand)
    #expect(plan.interpreter == .discover)
  }

  @Test func withoutASecretNobodyIsAsked() throws {
    let plan = try plan("ssh", #"{"name":"web1","host":"web1"}"#)
    #expect(plan.stdio == .socketpair && plan.environment.isEmpty && plan.retries == 0)
    #expect(plan.prompts == [.init(match: .contains, text: "", then: .log, on: "stderr")])
    #expect(plan.description == "ssh to web1")
  }

  @Test func withASecretThereIsATerminalForThePrompt() throws {
    let plan = try plan("ssh", #"{"name":"web1","host":"10.0.0.7","port":22,"remote_user":"deploy","has_password":true}"#)
    #expect(plan.stdio == .ttyBeside)
    #expect(plan.environment == ["SSH_ASKPASS_REQUIRE": nil])
    #expect(plan.description == "ssh to web1 (deploy@10.0.0.7, port 22)")
  }

  /// A key that comes as such is no word of the command line, and no other is offered.
  @Test func theKeyItselfIsReadFromAFileInMemory() throws {
    let plan = try plan("ssh", #"{"name":"web1","host":"h","has_private_key":true,"private_key_file":"/other"}"#)
    let at = try #require(plan.argv.firstIndex(of: .secretFile(slot: "private_key")))
    #expect(plan.argv[at - 1] == .literal("-i") && plan.argv[at + 1] == .literal("h"))
    #expect(words(plan).contains("IdentitiesOnly=yes") && !words(plan).contains { $0.contains("/other") })
    #expect(plan.stdio == .socketpair)
  }

  @Test func theNumberOfFurtherAttemptsIsHandedOn() throws {
    #expect(try plan("ssh", #"{"name":"web1","host":"h","reconnection_retries":"3"}"#).retries == 3)
    #expect(try plan("ssh", #"{"name":"web1","host":"h","reconnection_retries":-1}"#).retries == 0)
  }

  /// It is another machine: its administrator need not learn the target's password.
  @Test(arguments: [
    "-J ops@jump.example:2200", "-o ProxyJump=ssh://ops@jump.example", "-oproxyjump=first,jump.example", "-J [jump.example]:22",
  ])
  func aJumpHostDoesNotGetThePassword(_ arguments: String) throws {
    let plan = try plan("ssh", #"{"name":"web1","host":"10.0.0.7","has_password":true,"ssh_common_args":"\#(arguments)"}"#)
    for prompt in ["ops@jump.example's password: ", "(ops@jump.example) Password: "] {
      #expect(Self.outcome(of: prompt, plan) == "authentication")
    }
    #expect(Self.outcome(of: "deploy@10.0.0.7's password: ", plan) == "send password")
  }

  private static func outcome(of text: String, _ plan: LaunchPlan) -> String {
    let rule = plan.prompts.first { $0.on == "tty" && text.lowercased().contains($0.text.lowercased()) }
    switch rule?.then {
    case .send(let slot): return "send \(slot)"
    case .fail(let code, _, _): return code
    default: return "none"
    }
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
    ("(deploy@hotpot) OTP: ", "authentication"), ("deploy@hotpot's password: ", "send password"), ("Something else entirely ", "none"),
  ])
  func promptsAreAnsweredByTheFirstRule(_ text: String, _ outcome: String) throws {
    let plan = try plan("ssh", #"{"name":"web1","host":"10.0.0.7","has_password":true,"sshpass_prompt":"Your badge word?"}"#)
    #expect(plan.prompts.dropLast().allSatisfy { $0.on == "tty" && $0.match == .contains })
    #expect(Self.outcome(of: text, plan) == outcome)
    for case .fail(_, let message, let hint) in plan.prompts.map(\.then) {
      #expect(message.hasPrefix("Failed to connect to the host via ssh: ") && message.contains("web1") && !hint.isEmpty)
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
    ("Load key \"/k\": invalid format\r\ndeploy@10.0.0.7: Permission denied (publickey).", "authentication", "could not be read"),
    ("no such identity: /k: No such file or directory\r\ndeploy@10.0.0.7: Permission denied (publickey).", "authentication", "is not there"),
    ("WARNING: Your password has expired.\nPassword change required but no TTY available.", "authentication", "has expired"),
    ("kex_exchange_identification: banner line contains invalid characters", "unreachable", "no ssh server"),
    ("channel 0: open failed: connect failed: Connection refused\nstdio forwarding failed", "unreachable", "jump host could not reach"),
    ("ssh: Could not resolve hostname jump\nConnection closed by UNKNOWN port 65535", "unreachable", "on the way to web1"),
    ("command-line line 0: keyword user extra arguments at end of line", "unreachable", "does not accept an option"),
    ("Received disconnect from 10.0.0.7 port 22:2: Too many authentication failures", "authentication", "further keys"),
    ("@  WARNING: UNPROTECTED PRIVATE KEY FILE!  @\nPermission denied (publickey).", "authentication", "read by others"),
    ("@  WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!  @\nHost key verification failed.", "unreachable", "has changed"),
    ("@  WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!  @\nu@h: Permission denied (publickey).", "authentication", "refused the login"),
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

  /// A shell that may not run something is no refused login, and a banner is no answer.
  @Test func theWordsAloneAreNoRefusedLogin() throws {
    let plan = try plan("ssh", #"{"name":"web1","host":"10.0.0.7"}"#)
    let text = "Unauthorized access: Permission denied!\nsh: 1: exec: /usr/bin/python3: Permission denied"
    #expect(plan.hints.first { text.contains($0.contains) } == nil)
  }

  @Test func aPasswordThatIsHeldBackFromAChangedHostSaysWhy() throws {
    let text = "Password authentication is disabled to avoid man-in-the-middle attacks.\nu@h: Permission denied (publickey,password)."
    let plan = try plan("ssh", #"{"name":"web1","host":"10.0.0.7","has_password":true}"#)
    let hint = try #require(plan.hints.first { text.contains($0.contains) })
    #expect(hint.code == "unreachable" && hint.message.contains("has changed"))
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
          SessionType none
          LogLevel QUIET
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
      "compression no", "user two words", "hostname 10.0.0.7", "serveraliveinterval 30", "connecttimeout 9", "loglevel INFO",
      "sessiontype default",
    ] {
      #expect(settings.contains(setting), "\(setting)")
    }
    #expect(!text.contains("tmux") && !text.contains("/tmp/cm-"))
  }
}
