public enum PasswordPrompt {
  /// How a request for a password reads in the languages that PAM and sudo speak, with the mark that ends it, so
  /// that a sentence about passwords is not taken for one. Matched without regard to ASCII case.
  public static let words = [
    "password:", "passwort:", "mot de passe", "contraseña:", "senha:", "wachtwoord:", "hasło:", "lösenord:",
    "heslo:", "parola:", "пароль:", "パスワード:", "密码：", "密码:", "密碼：", "密碼:", "암호:", "adgangskode:", "passord:",
    "salasana:", "jelszó:", "palavra-passe:", "contrasenya:", "geslo:", "lozinka:", "parolă:",
  ]

  /// One rule for each of `words`: send `slot` when it is asked for on the controlling terminal, where only
  /// prompts come.
  public static func rules(send slot: String) -> [LaunchPlan.PromptRule] {
    words.map { .init(match: .contains, text: $0, then: .send(slot: slot), on: "tty") }
  }
}
