import PluginKit

/// What su says, and what it means: that of util-linux and shadow over PAM, of busybox and of the BSDs. PAM's texts
/// follow the target's language; a text that is not listed is shown as it came.
struct SuMessages {
  let role: AccountRole
  let user: String

  /// - Parameter nouns: the user's own texts; where there are any, they replace the built-in ones.
  func prompts(_ nouns: [String]) -> [LaunchPlan.PromptRule] {
    let texts = nouns.isEmpty ? PasswordPrompt.words : PasswordPrompt.withColon(nouns)
    return PasswordPrompt.expired(of: "of \(user)", code: role.refusedCode)
      + PasswordPrompt.oneTimeCode(code: role.refusedCode)
      // nologin says it on stdout, where no hint is looked for.
      + [
        .init(
          match: .contains, text: "account is currently not available",
          then: .fail(
            code: role.failedCode, message: "the shell of \(user) permits no command",
            hint: "add -s /bin/sh to ansible_become_flags; only root may, so log in as root or use sudo otherwise"))
      ]
      // Kerberos and the like: "Password for root@EXAMPLE.ORG:".
      + [.init(match: .afterPrefix, text: ":", prefix: "password for ", then: .send(slot: "password"))]
      // On stderr (PAM), stdout (busybox) or the terminal (the BSDs).
      + PasswordPrompt.rules(texts, send: "password", on: nil)
  }

  private static let wrongPassword = [
    "Authentication failure", "authentication failed", "incorrect password", "su: Sorry", "Authentication error",
    "Fehler bei Authentifizierung", "Échec de l’authentification", "Fallo de autenticación",
    "Autenticazione non riuscita", "認証失敗", "Falha de autenticação", "Authenticatiefout",
    "Сбой при проверке подлинности", "鉴定故障", "驗證失敗", "Uwierzytelnienie się nie powiodło", "Autentiseringsfel",
    "Selhání autentizace", "Yetkilendirme hatası", "Fejl ved godkendelse", "Tunnistautumisvirhe", "Hitelesítési hiba",
    "Error d'autenticació", "Помилка розпізнавання", "인증 실패", "Xác thực thất bại", "Autentificare eșuată",
    "Zlyhanie overenia", "Неуспешна аутентификација", "Грешка при удостоверяване", "Autentiseringsfeil",
    "Autentimine nurjus", "Otentikasi gagal", "Neuspešna autentifikacija", "فشل التصديق", "כשל באימות",
    "सत्यापन विफलता", "ავთენტიფიკაციის შეცდომა", "Шындылықты тексеру қатесі", "Aŭtentiga malsukceso",
    "অনুমোদন ব্যর্থ", "Doğrulama uğursuzluğu",
  ]

  private static let denied = [
    "Permission denied", "Berechtigung verweigert", "Autorisation refusée", "Permiso denegado", "Permesso negato",
    "拒否されたパーミッション", "Permissão negada", "Toegang geweigerd", "Доступ запрещен", "拒绝权限", "許可權被拒絕", "Brak dostępu",
    "Åtkomst nekad", "Přístup zamítnut", "İzin verilmedi", "Permís denegat", "Rettigheder nægtet",
    "Ei käyttöoikeutta", "Engedély megtagadva", "권한 부여 거부", "Tillatelse avvist", "Nekta tilgang", "Acces refuzat",
    "Prístup odmietnutý", "Дозвола је одбијена", "Доступ заборонено", "Không có đủ quyền thực hiện",
    "Позволението отказано", "Juurepääs keelatud", "Izin ditolak", "Permeso rifuzita", "ההרשאה נדחתה", "الإذن مرفوض",
  ]

  var hints: [LaunchPlan.ErrorHint] { accounts + shells + installation + password }

  /// Behind the others: an account that has expired or may not be become is an authentication failure too.
  private var password: [LaunchPlan.ErrorHint] {
    Self.wrongPassword.map {
      role.refusal($0, "Incorrect su password", "\(role.checkPassword): it is that of \(user), not of the login account")
    }
      + Self.denied.map {
        role.hint(
          "su: \($0)", "su to \(user): the target does not permit it (PAM)",
          "see its /etc/pam.d/su; often only a group such as wheel may use su")
      }
  }

  private var accounts: [LaunchPlan.ErrorHint] {
    let unknown = "su: the account \(user) does not exist"
    let check = "check \(role.accountVariable)"
    let expired = "su to \(user): that account has expired"
    let stale = "su to \(user): the password of that account has expired"
    return [
      role.hint("user \(user) does not exist", unknown, check), role.hint("No passwd entry for user", unknown, check),
      role.hint("unknown user", unknown, check), role.hint("unknown login", unknown, check),
      role.hint("Unknown id", unknown, check),
      role.hint("account has expired", expired, "renew it on the target (chage -E)"),
      role.hint("Benutzerkonto ist abgelaufen", expired, "renew it on the target (chage -E)"),
      role.hint("compte de l’utilisateur a expiré", expired, "renew it on the target (chage -E)"),
      role.refusal("new one required", stale, "log in by hand and change it"),
      role.refusal("Authentication token is no longer valid", stale, "log in by hand and change it"),
      role.refusal("change your password immediately", stale, "log in by hand and change it"),
      role.refusal("Authentication token manipulation error", stale, "log in by hand and change it"),
    ]
  }

  private var shells: [LaunchPlan.ErrorHint] {
    [
      role.hint(
        "failed to execute", "su to \(user): the shell of that account cannot be executed",
        "correct it on the target, or add -s /bin/sh to ansible_become_flags"),
      role.hint(
        "may be used by root", "su to \(user): -g and -G are for root only", "remove them from ansible_become_flags"),
      role.hint(
        "may not be used by non-root", "su to \(user): -g and -G are for root only",
        "remove them from ansible_become_flags"),
      role.hint(
        "only root can specify", "su to \(user): -g and -G are for root only", "remove them from ansible_become_flags"),
    ]
  }

  private var installation: [LaunchPlan.ErrorHint] {
    let terminal = "su to \(user) takes a password from a terminal only"
    return [
      role.hint("must be run from a terminal", terminal, "set mitogen_su_tty=true"),
      role.hint("standard in must be a tty", terminal, "set mitogen_su_tty=true"),
      role.hint("must be suid", "su on the target is not installed with the setuid bit", "reinstall su there"),
      role.hint(
        "cannot set groups", "su on the target cannot gain privileges (nosuid file system, or no setuid bit)",
        "mount without nosuid, or reinstall su there"),
      role.hint(
        "invalid option", "su on the target does not know an option that it was given", "check ansible_become_flags"),
      role.hint(
        "unrecognized option", "su on the target does not know an option that it was given", "check ansible_become_flags"),
      role.hint(
        "Module is unknown", "su to \(user): PAM is not set up for su on the target", "see its /etc/pam.d/su"),
    ]
  }
}
