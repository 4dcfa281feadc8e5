import PluginKit

/// What sudo and sudo-rs say, and what it means. Their texts follow the target's language: what matters is listed
/// in the languages that they are translated to, and a text that is not listed is shown as it came.
struct SudoMessages {
  let role: AccountRole
  let user: String

  /// Unlike anything that a profile or a lecture prints.
  static let prompt = "[sudo for mitogen] password:"

  var prompts: [LaunchPlan.PromptRule] {
    let tryAgain = Self.tryAgain.map { text in
      LaunchPlan.PromptRule(
        match: .contains, text: text,
        then: .fail(code: role.refusedCode, message: "Incorrect sudo password", hint: role.checkPassword))
    }
    return PasswordPrompt.rules([Self.prompt], send: "password", on: nil) + tryAgain
      + PasswordPrompt.expired(of: "that sudo asked for", code: role.refusedCode)
      + PasswordPrompt.oneTimeCode(code: role.refusedCode)
      // Where PAM words the question, or in sudo-rs, which keeps a line of its own before ours.
      + [.init(match: .afterPrefix, text: ":", prefix: "[sudo", then: .send(slot: "password"), on: "tty")]
      + PasswordPrompt.rules(send: "password")
  }

  /// sudo's answer to a wrong password.
  private static let tryAgain = [
    "Sorry, try again", "Incorrect authentication attempt", "Authentication failed, try again",
    "bitte nochmal probieren", "essayez de nouveau", "pruebe otra vez", "Riprovare.", "また試してください", "tente novamente",
    "probeer het opnieuw", "Попробуйте ещё раз", "请重试", "請重試", "proszę spróbować ponownie", "Försök igen",
    "zkuste to znovu", "yeniden deneyin", "prøv igen", "Prøv igjen", "Yritä uudelleen", "próbálja újra",
    "tornar a provar", "proveu un altre cop", "tente de novo", "повторіть спробу", "다시 시도하십시오", "hãy thử lại",
    "δοκιμάστε ξανά", "Încercați din nou", "Pokušajte ponovo", "poskusite znova", "volvi tentalo", "reprovu",
    "Torne prove", "თავიდან სცადეთ", "skúste to znovu", "покушајте поново",
  ]

  private static let passwordNeeded = [
    "a password is required", "interactive authentication is required", "Interaction is required",
    "Ein Passwort ist notwendig", "saisir un mot de passe", "se requiere una contraseña", "necessaria una password",
    "パスワードが必要", "uma senha é necessária", "é necessária uma senha", "een wachtwoord is verplicht", "требуется пароль",
    "需要密码", "需要密碼", "wymagane jest hasło", "ett lösenord krävs", "je vyžadováno heslo", "kræves en adgangskode",
    "vaaditaan salasana", "jelszó szükséges", "oppgi et passord", "requereix una contrasenya", "слід вказати пароль",
    "암호가 필요합니다", "phải có mật khẩu", "zahtevano je geslo", "nužna je lozinka", "o parolă este necesară",
    "ríquese una contraseña", "απαιτείται κωδικός", "pasvorto estas bezonata", "e covente une password",
    "потребна је лозинка",
  ]

  private static let notInSudoers = [
    "is not in the sudoers file", "er ikke sudoersfilen", "non è nel file sudoers", "nincs a sudoers fájlban",
    "finnes ikke i sudoers", "zit niet in het sudoersbestand", "não está no ficheiro sudoers",
    "não está no arquivo sudoers", "sudoers dosyası içinde değil", "no està al fitxer sudoers",
    "není v\u{a0}souboru sudoers", "ist nicht in der sudoers-Datei", "ne estas en la dosiero sudoers",
    "ei ole sudoers-tiedostossa", "n'est pas dans le fichier sudoers", "nije u sudoers datoteci",
    "は sudoers ファイルにありません", "sudoers 파일에 없습니다", "nie jest w pliku sudoers", "nu se află în fișierul „sudoers”",
    "није у датотеци судоерса", "finns inte i sudoers-filen", "немає у файлі sudoers", "不是 sudoers 文件",
    "不在 sudoers 檔案中", "nun ta nel ficheru sudoers", "δεν είναι στο αρχείο χρηστών sudo",
    "ez dago sudoers fitxatzegian", "nol è tal file sudoers", "nėra „sudoers“ faile", "ni v datoteki sudoers",
    "không trong tập tin sudoers",
  ]

  var hints: [LaunchPlan.ErrorHint] { password + permission + accounts + installation + interpreter }

  private var password: [LaunchPlan.ErrorHint] {
    let give = "\(role.givePassword), or allow it with NOPASSWD in sudoers"
    let wrong = [
      "incorrect password attempt", "Maximum 1 incorrect authentication", "Maximum 3 incorrect authentication",
      "incorrect authentication attempts", "no password was provided", "Authentication required but not attempted",
    ]
    return wrong.map { role.refusal($0, "Incorrect sudo password", role.checkPassword) }
      + [
        role.hint(
          "you must have a tty", "sudo to \(user) needs a terminal (requiretty in sudoers)",
          "set mitogen_sudo_tty=true, or remove requiretty from sudoers"),
        role.hint(
          "A terminal is required to authenticate", "sudo to \(user) needs a terminal", "set mitogen_sudo_tty=true"),
        role.refusal("a terminal is required", "Missing sudo password", give),
        role.refusal("no tty present", "Missing sudo password", give),
      ]
      + Self.passwordNeeded.map { role.refusal($0, "Missing sudo password", give) }
  }

  private var permission: [LaunchPlan.ErrorHint] {
    let stranger = "sudo to \(user): the login account is not in the sudoers file"
    let addRule = "add a rule for it to the target's sudoers, or log in with another account"
    return Self.notInSudoers.map { role.hint($0, stranger, addRule) } + [
      role.hint(
        "I'm afraid I can't do that", "sudo to \(user): sudoers does not allow it",
        "add a rule for the login account to the target's sudoers"),
      role.hint(
        "is not allowed to execute", "sudo to \(user): sudoers does not allow the interpreter to be run",
        "add a rule such as NOPASSWD:/usr/bin/python3 -c*"),
      role.hint(
        "is not allowed to authenticate", "sudo to \(user): sudoers does not allow it",
        "add a rule for the login account to the target's sudoers"),
      role.hint(
        "is not allowed to run sudo", "sudo to \(user): the login account may not use sudo here",
        "add a rule for it to the target's sudoers"),
      role.hint(
        "may not run", "sudo to \(user): the login account may not use sudo here",
        "add a rule for it to the target's sudoers"),
      role.hint(
        "allowed to preserve the environment", "sudo to \(user): sudoers does not allow -E",
        "remove -E from ansible_become_flags, or add SETENV to the rule"),
      role.hint(
        "unable to get default type for role", "sudo to \(user): SELinux does not know the role of -r",
        "check ansible_become_flags"),
    ]
  }

  private var accounts: [LaunchPlan.ErrorHint] {
    let unknown = "sudo: the account \(user) does not exist"
    let check = "check \(role.accountVariable)"
    return [
      role.hint("unknown user", unknown, check), role.hint("user '\(user)' not found", unknown, check),
      role.hint("Unbekannter Benutzer", unknown, check), role.hint("utilisateur \(user) inconnu", unknown, check),
      role.hint("usuario desconocido", unknown, check), role.hint("不明なユーザー", unknown, check),
      role.hint(
        "account validation failure", "sudo to \(user): the login account is locked or has expired",
        "check it on the target"),
      role.hint("Account expired", "sudo to \(user): the login account has expired", "check it on the target"),
      role.hint("account has expired", "sudo to \(user): the login account has expired", "check it on the target"),
      role.refusal(
        "password is expired", "sudo to \(user): the password of the login account has expired",
        "log in by hand and change it"),
      role.refusal(
        "Password expired", "sudo to \(user): the password of the login account has expired",
        "log in by hand and change it"),
    ]
  }

  private var installation: [LaunchPlan.ErrorHint] {
    [
      role.hint(
        "no new privileges", "sudo cannot work here: the \"no new privileges\" flag is set",
        "start the container or service without it"),
      role.hint("must be owned by uid 0", "sudo on the target is not installed with the setuid bit", "reinstall sudo there"),
      role.hint(
        "effective uid is not 0", "sudo on the target cannot gain privileges (nosuid file system, or no setuid bit)",
        "mount without nosuid, or reinstall sudo"),
      role.hint(
        "no valid sudoers sources", "sudo on the target cannot read its sudoers file", "check it there with visudo -c"),
      role.hint("unable to stat", "sudo on the target cannot read its sudoers file", "check it there with visudo -c"),
      role.hint(
        "invalid option", "sudo on the target does not know an option that it was given",
        "check ansible_become_flags, or upgrade sudo there"),
    ]
  }

  private var interpreter: [LaunchPlan.ErrorHint] {
    let executable = "set ansible_python_interpreter to one that every account may execute, such as /usr/bin/python3"
    return [
      role.hint("unable to execute", "sudo to \(user): that account may not execute the interpreter", executable),
      role.hint("cannot execute", "sudo to \(user): that account may not execute the interpreter", executable),
      role.hint(
        "command not found", "sudo to \(user): the interpreter was not found", "check ansible_python_interpreter"),
    ]
  }
}
