public enum PasswordPrompt {
  /// How a request for a password reads in the languages that PAM and sudo speak, with the mark that ends it, so
  /// that a sentence about passwords is not taken for one. Matched without regard to ASCII case.
  ///
  /// Bytes are compared: a letter beyond ASCII stands here in both cases, and in each form that Unicode has for it.
  public static let words = [
    "password:", "passwort:", "mot de passe:", "mot de passe :", "mot de passe\u{a0}:", "mot de passe\u{202f}:",
    "contraseña:", "senha:", "wachtwoord:", "hasło:", "lösenord:", "heslo:", "parola:", "пароль:", "パスワード:",
    "密码：", "密码:", "密碼：", "密碼:", "암호:", "adgangskode:", "passord:", "salasana:", "jelszó:", "palavra-passe:",
    "contrasenya:", "geslo:", "lozinka:", "parolă:", "парола:", "parool:", "pasahitza:", "pasvorto:", "sandi:",
    "mật khẩu:", "mật khẩu :", "ססמה:", "лозинка:", "contrasigno:", "şifrə:", "كلمة السر:", "पासवर्ड:",
    "गुप्तशब्द:", "शब्दकूट:", "পাসওয়ার্ড:", "গুপ্তশব্দ:", "પાસવર્ડ:", "ਪਾਸਵਰਡ:", "கடவுச்சொல்:", "సంకేతపదము:",
    "ಗುಪ್ತಪದ:", "അടയാളവാക്ക്:", "රහස්පදය:", "හස්පදය:", "პაროლი:", "ពាក្យសម្ងាត់ ៖", "ពាក្យសម្ងាត់\u{a0}៖", "口令:", "口令：", "Парола:",
    "Пароль:", "Лозинка:", "Şifrə:", "পাসও\u{9df}ার্ড:", "ପ୍ରବେଶ ସଙ୍କେତ:", "focal faire:", "iphasiwedi:",
    "Κωδικός πρόσβασης:", "slaptažodis:",
  ]

  /// One rule for each of `words`: send `slot` when it is asked for on the controlling terminal, where only
  /// prompts come; or with `on` as `nil`, wherever.
  public static func rules(send slot: String, on source: String? = "tty") -> [LaunchPlan.PromptRule] {
    rules(words, send: slot, on: source)
  }

  /// The same for texts of one's own.
  public static func rules(_ texts: [String], send slot: String, on source: String?) -> [LaunchPlan.PromptRule] {
    texts.map { .init(match: .contains, text: $0, then: .send(slot: slot), on: source) }
  }

  /// The texts that end in a colon, as Ansible's `prompt_l10n` of su wants them without it: ASCII or full width, with
  /// a blank before it or not.
  public static func withColon(_ nouns: [String]) -> [String] {
    nouns.flatMap { noun in [":", " :", "：", "\u{a0}:"].map { noun + $0 } }
  }

  /// PAM asks for a new password once the old one was right but has expired: to be looked at before the rules that
  /// send, since the old one is asked for by the same word.
  public static func expired(of account: String, code: String) -> [LaunchPlan.PromptRule] {
    ["current password:", "(current) unix password:", "old password:", "new password:", "retype new "].map {
      .init(
        match: .contains, text: $0,
        then: .fail(code: code, message: "the password \(account) has expired", hint: "log in by hand and change it"))
    }
  }

  /// A second factor that no variable holds.
  public static func oneTimeCode(code: String) -> [LaunchPlan.PromptRule] {
    ["verification code:", "one-time password:", "passcode:", "second factor:"].map {
      .init(
        match: .contains, text: $0,
        then: .fail(
          code: code, message: "a one-time code is asked for",
          hint: "exempt the account from the second factor on the target"))
    }
  }
}
