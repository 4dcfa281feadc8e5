import Plans
import Testing

@Suite struct DoasConnectionTests {
  @Test(arguments: [
    ("", ["doas", "-n", "-u", "root", "--"]), (#","become_user":"bob""#, ["doas", "-n", "-u", "bob", "--"]),
    (#","user":"bob","exe":"/usr/local/bin/doas""#, ["/usr/local/bin/doas", "-n", "-u", "bob", "--"]),
    (#","become_exe":"env A=1 doas""#, ["env", "A=1", "doas", "-n", "-u", "root", "--"]),
    (#","become_flags":"-n""#, ["doas", "-n", "-u", "root", "--"]), (#","become_flags":"-a passwd""#, ["doas", "-a", "passwd", "-n", "-u", "root", "--"]),
    (#","become_flags":"-napasswd""#, ["doas", "-a", "passwd", "-n", "-u", "root", "--"]),
    (#","become_flags":"-ualice","become_user":"bob""#, ["doas", "-n", "-u", "bob", "--"]),
    (#","become_flags":"-u alice""#, ["doas", "-n", "-u", "alice", "--"]),
    (#","become_flags":"-n","has_password":true"#, ["doas", "-u", "root", "--"]),
  ] as [(String, [String])])
  func theCommandLine(_ options: String, _ argv: [String]) throws {
    let plan = try plan("doas", #"{"name":"web1"\#(options)}"#)
    #expect(words(plan) == argv)
    #expect(plan.argv.last == .bootstrapWords && plan.interpreter == .direct && !plan.leavesMachine)
    #expect(plan.stdio == (options.contains("has_password") ? .ttyBeside : .socketpair))
  }

  @Test(arguments: [
    ("-C /etc/doas.conf", "-C"), ("-L", "-L"), ("-s", "-s"), ("-ns", "-s"), ("-v", "-v"), ("-x", "-x is not one"),
    ("--user=bob", "--user is not one"), ("--", "\"--\""), ("bob", "\"bob\""), ("-u", "-u needs a value"), ("-a", "-a needs a value"),
  ])
  func otherFlagsAreRefusedByName(_ flags: String, _ named: String) throws {
    let refusal = try #require(throws: PluginRefusal.self) { try plan("doas", #"{"name":"web1","become_flags":"\#(flags)"}"#) }
    #expect(refusal.message.hasPrefix("the option become_flags of doas for web1: ") && refusal.message.contains(named))
    #expect(!refusal.hint.isEmpty)
  }

  @Test(arguments: ["doas (deploy@web1) password: ", "Password: ", "Passwort: "])
  func promptsAreAnsweredOnTheTerminal(_ text: String) throws {
    let plan = try plan("doas", #"{"name":"web1","has_password":true}"#)
    #expect(rule(for: text, in: plan)?.then == .send(slot: "password"))
    #expect(rule(for: text, in: plan, on: "stderr") == nil)
  }

  @Test func promptsOfOnesOwnReplaceThem() throws {
    let plan = try plan("doas", #"{"name":"web1","has_password":true,"prompt_l10n":["secret of .* please:"]}"#)
    #expect(rule(for: "Secret of deploy please: ", in: plan)?.then == .send(slot: "password"))
    #expect(rule(for: "Password: ", in: plan) == nil)
    let refusal = try #require(throws: PluginRefusal.self) {
      try DoasConnectionTests.refused(#"{"name":"web1","prompt_l10n":["(a|b)"]}"#)
    }
    #expect(refusal.message.contains("\"(a|b)\" is more than text with gaps"))
  }

  private static func refused(_ options: String) throws -> LaunchPlan { try plan("doas", options) }

  @Test(arguments: [
    ("doas: Authentication failed", "Incorrect doas password"), ("doas: Authorization failed", "Incorrect doas password"),
    ("doas: Permission denied", "Incorrect doas password"), ("doas: Authentication required", "Missing doas password"),
    ("doas: Authorization required", "Missing doas password"), ("doas: a tty is required", "Missing doas password"),
    ("doas: doas is not enabled, /etc/doas.conf: No such file or directory", "is not enabled"),
    ("doas: Operation not permitted", "does not allow the interpreter"), ("doas: unknown user", "does not exist"),
    ("doas: /usr/bin/nosuch: command not found", "interpreter was not found"),
    ("doas: /root/python: Permission denied", "may not execute the interpreter"), ("doas: not installed setuid", "setuid bit"),
    ("doas: /etc/doas.conf is writable by group or other", "others may write"), ("doas: syntax error at line 1", "cannot read"),
  ])
  func textsOfDoasAreExplained(_ text: String, _ part: String) throws {
    let hint = try #require(explanation(of: text, in: try plan("doas", #"{"name":"web1"}"#)))
    #expect(hint.code == "become" && hint.message.contains(part) && !hint.hint.isEmpty)
  }

  @Test func aHostOfItsOwnIsNamedByItsAccount() throws {
    let own = try plan("mitogen_doas", #"{"name":"db","remote_user":"postgres","become_exe":"/opt/doas"}"#)
    #expect(words(own) == ["/opt/doas", "-n", "-u", "postgres", "--"] && own.interpreter == .discover)
    let missing = try #require(explanation(of: "doas: Authentication required", in: own))
    #expect(missing.code == "authentication" && missing.hint.contains("ansible_password"))
  }
}
