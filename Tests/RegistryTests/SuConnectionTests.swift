import Plans
import Testing

@Suite struct SuConnectionTests {
  @Test(arguments: [
    ("", ["su", "root", "-c"]), (#","become_user":"bob""#, ["su", "bob", "-c"]), (#","become_user":1000"#, ["su", "1000", "-c"]),
    (#","user":"bob","exe":"/bin/su","flags":"-l""#, ["/bin/su", "-l", "bob", "-c"]),
    (#","become_exe":"env LANG=C su""#, ["env", "LANG=C", "su", "root", "-c"]),
    (#","become_flags":"-""#, ["su", "-", "root", "-c"]), (#","become_flags":"- -s /bin/sh""#, ["su", "-s", "/bin/sh", "-", "root", "-c"]),
    (#","become_flags":"-ls/bin/sh""#, ["su", "-l", "-s", "/bin/sh", "root", "-c"]),
    (#","become_flags":"--login --shell=/bin/sh""#, ["su", "--login", "--shell", "/bin/sh", "root", "-c"]),
    (#","become_flags":"--log --she '/opt/a b'""#, ["su", "--login", "--shell", "/opt/a b", "root", "-c"]),
    (#","become_flags":"-m""#, ["su", "-m", "root", "-c"]), (#","become_flags":"-pf""#, ["su", "-p", "-f", "root", "-c"]),
    (#","become_flags":"--preserve --fast""#, ["su", "--preserve-environment", "--fast", "root", "-c"]),
    (#","become_flags":"-g staff -Gaudio -w LANG,TERM""#, ["su", "-g", "staff", "-G", "audio", "-w", "LANG,TERM", "root", "-c"]),
    (#","become_flags":"--group=staff --supp-group audio --whitelist-environment=LANG""#,
      ["su", "--group", "staff", "--supp-group", "audio", "--whitelist-environment", "LANG", "root", "-c"]),
    (#","become_flags":"-P --pty -T --no-pty""#, ["su", "root", "-c"]), (#","become_flags":"-lP""#, ["su", "-l", "root", "-c"]),
  ] as [(String, [String])])
  func theCommandLine(_ options: String, _ argv: [String]) throws {
    let plan = try plan("su", #"{"name":"web1"\#(options)}"#)
    #expect(words(plan) == argv)
    #expect(plan.argv.last == .bootstrapShellCommand && plan.interpreter == .direct && !plan.leavesMachine)
  }

  @Test(arguments: [
    ("-c id", "-c"), ("--command=id", "--command"), ("--session-command id", "--session-command"), ("-u bob", "-u"),
    ("--user bob", "--user"), ("-h", "-h"), ("--help", "--help"), ("-V", "-V"), ("--version", "--version"), ("bob", "\"bob\""),
    ("--", "\"--\""), ("-x", "-x is not one"), ("--nosuch", "--nosuch is not one"), ("-s", "-s needs a value"),
    ("--s /bin/sh", "could be --session-command or --supp-group or --shell"), ("--login=x", "--login takes no value"),
    ("-lm", "-l and -m"), ("- -p", "- and -p"), ("--login --preserve-environment", "--login and --preserve-environment"),
    ("'", "a quote is not closed"),
  ])
  func otherFlagsAreRefusedByName(_ flags: String, _ named: String) throws {
    let refusal = try #require(throws: PluginRefusal.self) { try plan("su", #"{"name":"web1","become_flags":"\#(flags)"}"#) }
    #expect(refusal.message.hasPrefix("the option become_flags of su for web1: ") && refusal.message.contains(named))
    #expect(!refusal.hint.isEmpty)
  }

  @Test func anAccountIsNoOption() throws {
    let refusal = try #require(throws: PluginRefusal.self) { try plan("su", #"{"name":"web1","become_user":"-c"}"#) }
    #expect(refusal.message.contains("\"-c\"") && refusal.hint.contains("ansible_become_user"))
  }

  @Test func whereItAsksIsForItToChoose() throws {
    #expect(try plan("su", #"{"name":"web1"}"#).stdio == .socketpair)
    #expect(try plan("su", #"{"name":"web1","has_password":true,"timeout":3}"#).stdio == .ttyBeside)
    #expect(try plan("su", #"{"name":"web1","mitogen_su_tty":true}"#).stdio == .tty)
  }

  /// PAM's "Password: " as Debian's catalogues translate it, and others.
  @Test(arguments: [
    "Password: ", "Passwort: ", "Mot de passe : ", "Contraseña: ", "Senha: ", "Palavra-passe: ", "Wachtwoord: ", "Hasło: ",
    "Lösenord: ", "Heslo: ", "Parola: ", "Пароль: ", "パスワード: ", "密码： ", "密碼： ", "암호: ", "Adgangskode: ", "Passord: ",
    "Salasana: ", "Jelszó: ", "Contrasenya: ", "Lozinka: ", "Лозинка: ", "Парола: ", "Parool: ", "Pasahitza: ", "Sandi: ",
    "Mật khẩu : ", "ססמה: ", "Parolă: ", "Pasvorto: ", "Contrasigno: ", "Şifrə: ", "كلمة السر: ", "გ პაროლი: ", "पासवर्ड: ",
    "गुप्तशब्द: ", "शब्दकूट: ", "সং পাসওয়ার্ড: ", "ಗುಪ್ತಪದ: ", "కొ సంకేతపదము: ", "රහස්පදය: ", "ពាក្យសម្ងាត់\u{a0}៖ ", "Mot de passe\u{a0}: ", "পাসও\u{9df}ার্ড: ", "ପ୍ରବେଶ ସଙ୍କେତ: ", "Slaptažodis:", "Κωδικός πρόσβασης:",
    "Password for root@EXAMPLE.ORG: ", "bob's Password: ",
  ])
  func promptsAreAnsweredWhereverTheyCome(_ text: String) throws {
    let plan = try plan("su", #"{"name":"web1"}"#)
    for source in ["stderr", "stdout", "tty"] {
      #expect(rule(for: text, in: plan, on: source)?.then == .send(slot: "password"))
    }
  }

  @Test(arguments: ["Last login: Mon", "Changing password for bob.", "You have new mail.", "Welcome to web1: have fun"])
  func otherLinesAreLeftAlone(_ text: String) throws {
    #expect(rule(for: text, in: try plan("su", #"{"name":"web1"}"#)) == nil)
  }

  @Test func promptsOfOnesOwnReplaceThem() throws {
    let plan = try plan("su", #"{"name":"web1","prompt_l10n":["Geheimwort","口令"]}"#)
    for text in ["Geheimwort: ", "geheimwort : ", "口令："] {
      #expect(rule(for: text, in: plan)?.then == .send(slot: "password"))
    }
    #expect(rule(for: "Password: ", in: plan) == nil)
  }

  @Test(arguments: ["Current password: ", "(current) UNIX password: ", "New password: ", "Retype new password: ", "Verification code: "])
  func anExpiredPasswordOrASecondFactorIsNotAnswered(_ text: String) throws {
    guard case .fail("become", let message, let hint) = rule(for: text, in: try plan("su", #"{"name":"web1"}"#))?.then else {
      Issue.record("\(text) does not fail")
      return
    }
    #expect(message.contains(text.hasPrefix("Ver") ? "one-time code" : "has expired") && !hint.isEmpty)
  }

  @Test(arguments: [
    ("su: Authentication failure", "Incorrect su password"), ("su: Fehler bei Authentifizierung", "Incorrect su password"),
    ("su: incorrect password", "Incorrect su password"), ("su: Sorry", "Incorrect su password"),
    ("su: Permission denied", "does not permit it"), ("su: Berechtigung verweigert", "does not permit it"),
    ("su: user root does not exist or the user entry does not contain all the required fields", "does not exist"),
    ("No passwd entry for user 'root'", "does not exist"), ("su: unknown user root", "does not exist"),
    ("su: unknown login: root", "does not exist"), ("su: User account has expired", "that account has expired"),
    ("Your account has expired; please contact your system administrator.\nsu: User account has expired", "that account has expired"),
    ("su: Authentication token is no longer valid; new one required", "password of that account has expired"),
    ("You are required to change your password immediately (administrator enforced).\nsu: Authentication token manipulation error",
      "password of that account has expired"),
    ("su: failed to execute /bin/nosuch: No such file or directory", "shell of that account cannot be executed"),
    ("su: must be run from a terminal", "from a terminal only"), ("su: must be suid to work properly", "setuid bit"),
    ("su: cannot set groups: Operation not permitted", "cannot gain privileges"),
    ("su: only root can specify alternative groups", "for root only"), ("su: invalid option -- 'w'", "does not know an option"),
    ("su: Module is unknown", "PAM is not set up"), ("bash: /root/python: Permission denied", "none"),
  ])
  func textsOfSuAreExplained(_ text: String, _ part: String) throws {
    guard let hint = explanation(of: text, in: try plan("su", #"{"name":"web1"}"#)) else {
      #expect(part == "none")
      return
    }
    #expect(hint.code == "become" && hint.message.contains(part) && !hint.hint.isEmpty)
  }

  @Test func aShellThatPermitsNothingIsSaidOnStdout() throws {
    let refused = rule(for: "This account is currently not available.", in: try plan("su", #"{"name":"web1"}"#), on: "stdout")
    guard case .fail("become", let message, let hint) = refused?.then else {
      Issue.record("it is not recognised")
      return
    }
    #expect(message.contains("permits no command") && hint.contains("-s /bin/sh"))
  }

  @Test func aHostOfItsOwnIsNamedByItsAccount() throws {
    let own = try plan("mitogen_su", #"{"name":"db","remote_user":"postgres","become_flags":"-"}"#)
    #expect(words(own) == ["su", "-", "postgres", "-c"] && own.interpreter == .discover)
    let wrong = try #require(explanation(of: "su: Authentication failure", in: own))
    #expect(wrong.code == "authentication" && wrong.hint.contains("ansible_password"))
    #expect(explanation(of: "su: Permission denied", in: own)?.code == "unreachable")
  }
}
