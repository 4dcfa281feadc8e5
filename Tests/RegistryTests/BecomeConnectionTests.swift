import FoundationEssentials
import Plans
import Testing

/// The free function, beside this suite's own of that name.
private func planned(_ method: String, _ options: String) throws -> LaunchPlan { try plan(method, options) }

@Suite struct BecomeConnectionTests {
  private static let mark = "BECOME-SUCCESS-x"

  private func plan(_ command: String, _ more: String = "") throws -> LaunchPlan {
    let line = String(decoding: try JSONEncoder().encode(command), as: UTF8.self)
    return try planned(
      "become", #"{"name":"web1","method":"acme","become_user":"bob","success":"\#(Self.mark)","command":\#(line)\#(more)}"#)
  }

  /// A command line as a become plugin builds it, and the script that runs it with the node's command as `$1`.
  @Test(arguments: [
    // dzdo, pfexec, ksu, pbrun with wrap_execution
    ("dzdo -H -S -p \"[dzdo via ansible] password:\" -u bob /bin/sh -c 'echo BECOME-SUCCESS-x ; mitogen_node'",
      "exec dzdo -H -S -p \"[dzdo via ansible] password:\" -u bob /bin/sh -c \"$1\""),
    ("pfexec  /bin/sh -c 'echo BECOME-SUCCESS-x ; mitogen_node'", "exec pfexec  /bin/sh -c \"$1\""),
    ("ksu bob  -e /bin/sh -c 'echo BECOME-SUCCESS-x ; mitogen_node' ", "exec ksu bob  -e /bin/sh -c \"$1\" "),
    // pbrun, pmrun, sesu
    ("pbrun  -u bob 'echo BECOME-SUCCESS-x ; mitogen_node'", "exec pbrun  -u bob \"$1\""),
    ("sesu  bob -c 'echo BECOME-SUCCESS-x ; mitogen_node'", "exec sesu  bob -c \"$1\""),
    // su and others whose command is quoted twice
    ("su  bob -c '/bin/sh -c '\"'\"'echo BECOME-SUCCESS-x ; mitogen_node'\"'\"''", "exec su  bob -c \"$1\""),
    ("su bob -c \"/bin/sh -c 'echo BECOME-SUCCESS-x && mitogen_node'\"", "exec su bob -c \"$1\""),
    // with a shell's means outside and inside
    ("cd /srv; acme /bin/sh -c 'echo BECOME-SUCCESS-x ; mitogen_node'", "cd /srv; acme /bin/sh -c \"$1\""),
    ("A=1 acme /bin/sh -c 'echo BECOME-SUCCESS-x ; mitogen_node'", "A=1 acme /bin/sh -c \"$1\""),
    ("acme \"$HOME\" sh -c 'echo BECOME-SUCCESS-x ; mitogen_node'", "acme \"$HOME\" sh -c \"$1\""),
    ("acme sh -c 'umask 077; echo '\\''a b'\\''; mitogen_node; true'", "exec acme sh -c 'umask 077; echo '\\''a b'\\''; '\"$1\"'; true'"),
    ("command acme sh -c mitogen_node\\ ", "command acme sh -c \"$1\""),
  ])
  func theNodesCommandTakesTheWordsPlace(_ command: String, _ script: String) throws {
    let plan = try plan(command)
    #expect(words(plan) == ["/bin/sh", "-c", script, "sh"])
    #expect(plan.argv.last == .bootstrapShellCommand && plan.interpreter == .direct && !plan.leavesMachine)
    #expect(plan.description == "acme to bob on web1")
  }

  @Test func aBarePlaceTakesTheCommandsWords() throws {
    let plan = try plan("acme run -- mitogen_node")
    #expect(words(plan) == ["/bin/sh", "-c", "exec acme run -- \"$@\"", "sh"] && plan.argv.last == .bootstrapWords)
  }

  @Test(arguments: [
    ("acme -u bob", "is not in it"), ("acme mitogen_node mitogen_node", "more than once"),
    ("acme sh -c 'mitogen_node; mitogen_node'", "more than once"), ("acme sh -c 'mitogen_node", "is not closed"),
    ("acme sh -c 'nice sh -c \"mitogen_node; true\"'", "quoted twice"), ("acme sh -c 'nice sh -c \"mitogen_node\"'", "quoted twice"),
  ])
  func aLineThatCannotCarryANodeIsRefused(_ command: String, _ part: String) throws {
    let refusal = try #require(throws: PluginRefusal.self) { try plan(command) }
    #expect(refusal.message.contains("acme") && refusal.message.contains(part) && !refusal.hint.isEmpty)
  }

  @Test func noLineIsRefused() throws {
    let refusal = try #require(throws: PluginRefusal.self) { try planned("become", #"{"name":"web1","method":"acme"}"#) }
    #expect(refusal.message.contains("acme gave no command line"))
  }

  @Test func whereItAsksIsForItToChoose() throws {
    #expect(try plan("acme mitogen_node").stdio == .socketpair)
    #expect(try plan("acme mitogen_node", #","has_password":true"#).stdio == .ttyBeside)
    #expect(try plan("acme mitogen_node", #","has_password":true,"tty":true"#).stdio == .tty)
  }

  @Test(arguments: [
    (#","prompts":[" [acme] secret: "]"#, "[ACME] secret: ", true), (#","prompts":["[acme] secret:"]"#, "Password: ", false),
    (#","prompt_expressions":["Kerberos password for .*@.*:"]"#, "Kerberos password for bob@EXAMPLE.ORG: ", true),
    (#","prompt_expressions":["a|b"],"prompts":["c"]"#, "c", true), ("", "Password: ", true), ("", "Mot de passe : ", true),
    (#","prompts":[""]"#, "Password:", true),
  ])
  func promptsAreThePluginsOrTheUsualOnes(_ more: String, _ text: String, _ isAnswered: Bool) throws {
    let plan = try plan("acme mitogen_node", #","has_password":true\#(more)"#)
    for source in ["stderr", "stdout", "tty"] {
      #expect((rule(for: text, in: plan, on: source)?.then == .send(slot: "password")) == isAnswered)
    }
  }

  @Test func expressionsThatAreMoreThanTextAreRefused() throws {
    let refusal = try #require(throws: PluginRefusal.self) { try plan("acme mitogen_node", #","prompt_expressions":["[Pp]ass"]"#) }
    #expect(refusal.message.contains("\"[Pp]ass\" is more than text with gaps"))
  }

  @Test(arguments: [
    ("acme: bad secret", "Incorrect acme password"), ("acme: secret wanted", "Missing acme password"),
    ("sh: 1: acme: not found", "was not found"), ("bash: acme: command not found", "was not found"),
  ])
  func itsTextsAreExplained(_ text: String, _ part: String) throws {
    let plan = try plan("acme mitogen_node", #","fail":["bad secret"],"missing":["secret wanted"]"#)
    let hint = try #require(explanation(of: text, in: plan))
    #expect(hint.code == "become" && hint.message.contains(part) && !hint.hint.isEmpty)
  }

  @Test func aRefusalEndsTheLaunchAtOnce() throws {
    let plan = try plan("acme mitogen_node", #","has_password":true,"fail":["bad secret"]"#)
    for source in ["stderr", "tty"] {
      guard case .fail("become", "Incorrect acme password", _) = rule(for: "acme: bad secret", in: plan, on: source)?.then else {
        Issue.record("it goes on")
        return
      }
    }
    #expect(rule(for: "acme: bad secret", in: plan, on: "stdout") == nil)
  }
}
