import PluginKit

/// What sudo and sudo-rs say, and what it means. Their texts follow the target's language: what matters is listed
/// in the languages that they are translated to, and a text that is not listed is shown as it came.
enum SudoMessages {
  /// Unlike anything that a profile or a lecture prints.
  static let prompt = "[sudo for mitogen] password:"

  static let prompts: [LaunchPlan.PromptRule] =
    [.init(match: .contains, text: prompt, then: .send(slot: "password"))]
    + tryAgain.map {
      .init(
        match: .contains, text: $0,
        then: .fail(
          code: "become", message: "Incorrect sudo password", hint: "check ansible_become_password, or give -K"))
    }
    // Where PAM words the question, or in sudo-rs, which keeps a line of its own before ours.
    + [.init(match: .afterPrefix, text: ":", prefix: "[sudo", then: .send(slot: "password"), on: "tty")]
    + PasswordPrompt.rules(send: "password")

  /// sudo's answer to a wrong password.
  private static let tryAgain = [
    "Sorry, try again", "Incorrect authentication attempt", "Authentication failed, try again",
    "bitte nochmal probieren", "essayez de nouveau", "pruebe otra vez", "Riprovare.", "また試してください",
    "tente novamente", "probeer het opnieuw", "Попробуйте ещё раз", "请重试", "proszę spróbować ponownie",
    "Försök igen", "zkuste to znovu", "yeniden deneyin",
  ]

  private static let passwordNeeded = [
    "a password is required", "interactive authentication is required", "Ein Passwort ist notwendig",
    "saisir un mot de passe", "se requiere una contraseña", "necessaria una password", "パスワードが必要", "uma senha é necessária",
    "een wachtwoord is verplicht", "требуется пароль", "需要密码", "wymagane jest hasło", "ett lösenord krävs",
    "je vyžadováno heslo",
  ]

  static func hints(user: String) -> [LaunchPlan.ErrorHint] {
    func hint(_ contains: String, _ message: String, _ hint: String) -> LaunchPlan.ErrorHint {
      .init(contains: contains, code: "become", message: message, hint: hint)
    }
    let give = "set ansible_become_password, give -K, or allow it with NOPASSWD in sudoers"
    return [
      hint("incorrect password attempt", "Incorrect sudo password", "check ansible_become_password, or give -K"),
      hint(
        "Maximum 1 incorrect authentication", "Incorrect sudo password", "check ansible_become_password, or give -K"),
      hint(
        "you must have a tty", "sudo to \(user) needs a terminal (requiretty in sudoers)",
        "set ansible_become_password, with which a terminal is provided, or remove requiretty"),
      hint("a terminal is required", "Missing sudo password", give),
      hint("no tty present", "Missing sudo password", give),
    ]
      + passwordNeeded.map { hint($0, "Missing sudo password", give) }
      + [
        hint(
          "is not in the sudoers file", "sudo to \(user): the login account is not in the sudoers file",
          "add a rule for it to the target's sudoers, or log in with another account"),
        hint(
          "is not allowed to execute", "sudo to \(user): sudoers does not allow the interpreter to be run",
          "add a rule such as NOPASSWD:/usr/bin/python3 -c*"),
        hint(
          "may not run sudo", "sudo to \(user): the login account may not use sudo here",
          "add a rule for it to the target's sudoers"),
        hint(
          "I'm afraid I can't do that", "sudo to \(user): sudoers does not allow it",
          "add a rule for the login account to the target's sudoers"),
        hint("unknown user", "sudo: the account \(user) does not exist", "check ansible_become_user"),
        hint("user '\(user)' not found", "sudo: the account \(user) does not exist", "check ansible_become_user"),
        hint(
          "no new privileges", "sudo cannot work here: the \"no new privileges\" flag is set",
          "start the container or service without it"),
        hint(
          "must be owned by uid 0", "sudo on the target is not installed with the setuid bit",
          "reinstall sudo there"),
        hint(
          "effective uid is not 0", "sudo on the target cannot gain privileges (nosuid file system, or no setuid bit)",
          "mount without nosuid, or reinstall sudo"),
        hint(
          "not allowed to preserve the environment", "sudo to \(user): sudoers does not allow -E",
          "remove -E from ansible_become_flags, or add SETENV to the rule"),
        hint(
          "account validation failure", "sudo to \(user): the login account is locked or has expired",
          "check it on the target"),
        hint(
          "unable to get default type for role", "sudo to \(user): SELinux does not know the role of -r",
          "check ansible_become_flags"),
        hint(
          "unable to execute", "sudo to \(user): that account may not execute the interpreter",
          "set ansible_python_interpreter to one that every account may execute, such as /usr/bin/python3"),
        hint(
          "command not found", "sudo to \(user): the interpreter was not found", "check ansible_python_interpreter"),
      ]
  }
}
