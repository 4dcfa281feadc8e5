import Plans
import Testing

@Suite struct SudoConnectionTests {
  @Test(arguments: [
    ("", ["sudo", "-H", "-n", "-u", "root", "--"]),
    (#","become_flags":"-H -S -n""#, ["sudo", "-H", "-n", "-u", "root", "--"]),
    (#","become_user":"postgres","become_exe":"/usr/local/bin/sudo""#, ["/usr/local/bin/sudo", "-H", "-n", "-u", "postgres", "--"]),
    (#","user":"postgres","exe":"doas-sudo","flags":"-i""#, ["doas-sudo", "-i", "-n", "-u", "postgres", "--"]),
    (#","become_flags":"-HE""#, ["sudo", "-H", "-E", "-n", "-u", "root", "--"]),
    (#","become_flags":"-HSn""#, ["sudo", "-H", "-n", "-u", "root", "--"]),
    (#","become_flags":"--login --stdin --non-interactive --set-home""#, ["sudo", "--login", "--set-home", "-n", "-u", "root", "--"]),
    (#","become_flags":"--preserve-env=PATH,HOME""#, ["sudo", "--preserve-env=PATH,HOME", "-n", "-u", "root", "--"]),
    (#","become_flags":"-r sysadm_r -tsysadm_t""#, ["sudo", "-r", "sysadm_r", "-t", "sysadm_t", "-n", "-u", "root", "--"]),
    (#","become_flags":"--role=a --type b""#, ["sudo", "-r", "a", "-t", "b", "-n", "-u", "root", "--"]),
    (#","become_flags":"-ualice","become_user":"bob""#, ["sudo", "-n", "-u", "bob", "--"]),
    (#","become_flags":"-r '-n'""#, ["sudo", "-r", "-n", "-n", "-u", "root", "--"]),
    (#","has_password":true"#, ["sudo", "-H", "-p", "[sudo for mitogen] password:", "-u", "root", "--"]),
  ])
  func theCommandLine(_ options: String, _ argv: [String]) throws {
    let plan = try plan("sudo", #"{"name":"web1"\#(options)}"#)
    #expect(words(plan) == argv)
    // The interpreter itself, so that a rule for it suffices: no shell, no string.
    #expect(plan.argv.last == .bootstrapWords)
    #expect(plan.interpreter == .direct && !plan.leavesMachine)
  }

  @Test(arguments: [
    ("-A", "-A"), ("-HA", "-A"), ("-b", "-b"), ("-k", "-k"), ("-s", "-s"), ("-g wheel", "-g"), ("-C 3", "-C"),
    ("--askpass", "--askpass"), ("--group=wheel", "--group"), ("-h", "-h"), ("-p hello", "-p"), ("root", "\"root\""),
    ("-iE", "-i and -E"), ("--login --preserve-env=A", "-i and -E"), ("-u", "-u needs a value"), ("--role", "--role needs a value"),
  ])
  func otherFlagsAreRefusedByName(_ flags: String, _ named: String) throws {
    let refusal = try #require(throws: PluginRefusal.self) { try plan("sudo", #"{"name":"web1","become_flags":"\#(flags)"}"#) }
    #expect(refusal.message.hasPrefix("the option become_flags of sudo for web1: ") && refusal.message.contains(named))
    #expect(!refusal.hint.isEmpty)
  }

  @Test func aTerminalIsMadeOnlyForAPassword() throws {
    let without = try plan("sudo", #"{"name":"web1"}"#)
    #expect(without.stdio == .socketpair && without.prompts.isEmpty)
    let with = try plan("sudo", #"{"name":"web1","has_password":true,"sudo_chdir":"/","timeout":4}"#)
    #expect(with.stdio == .ttyBeside && with.directory == "/" && with.timeout == 4)
    #expect(with.description == "sudo to root on web1")
  }

  @Test(arguments: [
    ("[sudo for mitogen] password:", "send password"), ("[sudo: authenticate] Password: ", "send password"),
    ("[sudo] Passwort für deploy: ", "send password"), ("[sudo] deploy のパスワード:", "send password"),
    ("Mot de passe : ", "send password"), ("Sorry, try again.", "become"),
    ("Das hat nicht funktioniert, bitte nochmal probieren.", "become"),
    ("sudo: Authentication failed, try again.", "become"),
    ("We trust you have received the usual lecture", "none"),
    ("For security reasons, the password you type will not be visible.", "none"),
  ])
  func promptsAreAnsweredByTheFirstRule(_ text: String, _ outcome: String) throws {
    let plan = try plan("sudo", #"{"name":"web1","has_password":true}"#)
    let rule = plan.prompts.first { rule in
      let line = text.lowercased()
      switch rule.match {
      case .contains: return line.contains(rule.text.lowercased())
      case .prefix: return line.hasPrefix(rule.text.lowercased())
      case .afterPrefix:
        let prefix = (rule.prefix ?? "").lowercased()
        return line.hasPrefix(prefix) && line.dropFirst(prefix.count).contains(rule.text.lowercased())
      }
    }
    switch rule?.then {
    case .send(let slot): #expect(outcome == "send \(slot)")
    case .fail(let code, let message, _): #expect(outcome == code && message == "Incorrect sudo password")
    default: #expect(outcome == "none")
    }
  }

  @Test(arguments: [
    ("sudo: a password is required", "Missing sudo password"),
    ("sudo: interactive authentication is required", "Missing sudo password"),
    ("sudo: Ein Passwort ist notwendig", "Missing sudo password"),
    ("sudo: パスワードが必要です", "Missing sudo password"),
    ("sudo: a terminal is required to read the password; either use the -S option", "Missing sudo password"),
    ("sudo: sorry, you must have a tty to run sudo", "needs a terminal"),
    ("deploy is not in the sudoers file.", "not in the sudoers file"),
    ("Sorry, user deploy is not allowed to execute '/usr/bin/python3 -c x' as root on web1.", "does not allow the interpreter"),
    ("Sorry, user deploy may not run sudo on web1.", "may not use sudo"),
    ("sudo: I'm sorry deploy. I'm afraid I can't do that", "does not allow it"),
    ("sudo: unknown user nosuch", "does not exist"), ("sudo: unknown user: nosuch", "does not exist"),
    ("sudo: 1 incorrect password attempt", "Incorrect sudo password"),
    ("sudo: The \"no new privileges\" flag is set, which prevents sudo from running as root.", "no new privileges"),
    ("sudo: unable to execute /root/bin/python3: Permission denied", "may not execute the interpreter"),
    ("sudo: /usr/bin/nosuch: command not found", "interpreter was not found"),
  ])
  func textsOfSudoAreExplained(_ text: String, _ part: String) throws {
    let plan = try plan("sudo", #"{"name":"web1"}"#)
    let hint = try #require(plan.hints.first { text.contains($0.contains) })
    #expect(hint.code == "become" && hint.message.contains(part) && !hint.hint.isEmpty)
  }
}
