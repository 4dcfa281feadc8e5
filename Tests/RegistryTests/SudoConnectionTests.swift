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
    (#","become_flags":"--role=a --type b""#, ["sudo", "--role", "a", "--type", "b", "-n", "-u", "root", "--"]),
    (#","become_flags":"--login --non --set --preserve-e=A""#, ["sudo", "--login", "--set-home", "--preserve-env=A", "-n", "-u", "root", "--"]),
    (#","become_flags":"-E --preserve-env""#, ["sudo", "-E", "--preserve-env", "-n", "-u", "root", "--"]),
    (#","become_flags":"--user=alice -HEu carol","become_user":"" "#, ["sudo", "-H", "-E", "-n", "-u", "carol", "--"]),
    (#","become_exe":"env LANG=C sudo""#, ["env", "LANG=C", "sudo", "-H", "-n", "-u", "root", "--"]),
    (#","become_flags":"-ualice","become_user":"bob""#, ["sudo", "-n", "-u", "bob", "--"]),
    (#","become_flags":"-r '-n'""#, ["sudo", "-r", "-n", "-n", "-u", "root", "--"]),
    (#","become_flags":"-i -r -E""#, ["sudo", "-i", "-r", "-E", "-n", "-u", "root", "--"]),
    (#","has_password":true"#, ["sudo", "-H", "-p", "[sudo for mitogen] password:", "-u", "root", "--"]),
  ] as [(String, [String])])
  func theCommandLine(_ options: String, _ argv: [String]) throws {
    let plan = try plan("sudo", #"{"name":"web1"\#(options)}"#)
    #expect(words(plan) == argv)
    // The interpreter itself, so that a rule for it suffices: no shell, no string.
    #expect(plan.argv.last == .bootstrapWords)
    #expect(plan.interpreter == .direct && !plan.leavesMachine)
  }

  /// Every option of sudo(8) that is neither honoured nor accepted, and every way to misspell one.
  @Test(arguments: [
    ("-A", "-A"), ("-HA", "-A"), ("-a bsd", "-a"), ("-B", "-B"), ("-b", "-b"), ("-C 3", "-C"), ("-c class", "-c"),
    ("-D /", "-D"), ("-e", "-e"), ("-g wheel", "-g"), ("-h", "-h"), ("-hweb2", "-h"), ("-K", "-K"), ("-k", "-k"), ("-l", "-l"),
    ("-N", "-N"), ("-P", "-P"), ("-p hello", "-p"), ("-R /", "-R"), ("-s", "-s"), ("-T 3", "-T"), ("-U bob", "-U"), ("-V", "-V"),
    ("-v", "-v"), ("--askpass", "--askpass"), ("--auth-type=x", "--auth-type"), ("--bell", "--bell"),
    ("--background", "--background"), ("--close-from=3", "--close-from"), ("--login-class x", "--login-class"),
    ("--chdir /", "--chdir"), ("--edit", "--edit"), ("--group=wheel", "--group"), ("--help", "--help"), ("--host x", "--host"),
    ("--remove-timestamp", "--remove-timestamp"), ("--reset-timestamp", "--reset-timestamp"), ("--list", "--list"),
    ("--no-update", "--no-update"), ("--preserve-groups", "--preserve-groups"), ("--prompt=x", "--prompt"),
    ("--chroot /", "--chroot"), ("--shell", "--shell"), ("--command-timeout 3", "--command-timeout"),
    ("--other-user=x", "--other-user"), ("--version", "--version"), ("--validate", "--validate"),
    ("root", "\"root\""), ("A=1", "\"A=1\""), ("--", "\"--\""), ("-", "\"-\""), ("-Z", "-Z is not one"), ("--nosuch", "--nosuch is not one"),
    ("--log", "--log could be --login or --login-class"), ("--preserve", "--preserve could be --preserve-env or --preserve-groups"),
    ("--login=x", "--login takes no value"), ("-iE", "-i and -E"), ("--login --preserve-env", "--login and --preserve-env"),
    ("-u", "-u needs a value"), ("--role", "--role needs a value"),
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
    #expect(try plan("sudo", #"{"name":"web1","mitogen_sudo_tty":"yes"}"#).stdio == .ttyBeside)
  }

  @Test func aHostOfItsOwnIsNamedByItsAccount() throws {
    let own = try plan("mitogen_sudo", #"{"name":"web1-db","remote_user":"postgres","become_flags":"-i","has_password":true}"#)
    #expect(words(own) == ["sudo", "-i", "-p", "[sudo for mitogen] password:", "-u", "postgres", "--"])
    // It has an interpreter of its own, and what goes wrong makes a host unreachable.
    #expect(own.interpreter == .discover && own.description == "sudo to postgres on web1-db")
    #expect(own.hints.first { $0.contains == "unknown user" }?.code == "unreachable")
    let wrong = try #require(own.hints.first { $0.contains == "incorrect password attempt" })
    #expect(wrong.code == "authentication" && wrong.hint.contains("ansible_password"))
  }

  @Test(arguments: [
    ("[sudo for mitogen] password:", "send password"), ("[sudo: authenticate] Password: ", "send password"),
    ("[sudo] Passwort für deploy: ", "send password"), ("[sudo] deploy のパスワード:", "send password"),
    ("Mot de passe : ", "send password"), ("Sorry, try again.", "become"),
    ("Das hat nicht funktioniert, bitte nochmal probieren.", "become"),
    ("sudo: Authentication failed, try again.", "become"),
    ("We trust you have received the usual lecture", "none"),
    ("For security reasons, the password you type will not be visible.", "none"),
    ("    #3) With great power comes great responsibility.", "none"), ("*********", "none"),
    ("[sudo] mật khẩu dành cho deploy:", "send password"), ("[sudo] deploy 的密碼：", "send password"),
    ("Beklager, prøv igen.", "become"), ("抱歉，請重試。", "become"),
  ])
  func promptsAreAnsweredByTheFirstRule(_ text: String, _ outcome: String) throws {
    let plan = try plan("sudo", #"{"name":"web1","has_password":true}"#)
    switch rule(for: text, in: plan)?.then {
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
    ("sudo: account validation failure, is your account locked?", "locked or has expired"),
    ("sudo: Account expired or PAM config lacks an \"account\" section for sudo, contact your system administrator", "login account has expired"),
    ("sudo: Password expired, contact your system administrator", "password of the login account has expired"),
    ("sudo: Account or password is expired, reset your password and try again", "password of the login account has expired"),
    ("sudo: sorry, you are not allowed to preserve the environment", "does not allow -E"),
    ("sudo: '/x': invalid command", "none"), ("sudo-rs: A terminal is required to authenticate", "needs a terminal"),
    ("sudo: Maximum 3 incorrect authentication attempts", "Incorrect sudo password"),
    ("sudo: user 'root' not found", "does not exist"), ("sudo: cannot execute '/root/python': Permission denied", "may not execute"),
  ])
  func textsOfSudoAreExplained(_ text: String, _ part: String) throws {
    let plan = try plan("sudo", #"{"name":"web1"}"#)
    guard let hint = explanation(of: text, in: plan) else {
      #expect(part == "none")
      return
    }
    #expect(hint.code == "become" && hint.message.contains(part) && !hint.hint.isEmpty)
  }
}
