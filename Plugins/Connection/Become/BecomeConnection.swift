import PluginKit

/// Another account by any become plugin of Ansible's that has no library here, through its own command and prompts.
///
/// Ansible's plugin builds its command line for a command that is nothing but the word `placeholder`, and says how it
/// asks and how it refuses; all that arrives as options, and is put together again around the node.
struct BecomeConnection: ConnectionPlugin {
  static let name = "become"
  static let summary = "Becomes another account by the command line of a become plugin of Ansible's."
  static let changesAccount = true

  static let options: [OptionDeclaration] = [
    .string("method", "Name of Ansible's become plugin, for messages.", default: "become"),
    .string("become_user", "Account to become, for messages.", default: "root", aliases: ["user"]),
    .string("command", "What the plugin's build_become_command made for the command `placeholder`: a shell's command line."),
    .string("placeholder", "The word in `command` that the node's command takes the place of.", default: "mitogen_node"),
    .string("success", "The plugin's mark of success: `echo SUCCESS ;` before the placeholder is left out."),
    .list("prompts", "Texts by which it asks for the password. With neither these nor expressions: the usual ones."),
    .list("prompt_expressions", "The same as expressions: text with gaps (`.*`) and alternatives."),
    .list("fail", "Texts by which it says that the password is wrong."),
    .list("missing", "Texts by which it says that it needs one."),
    .bool("tty", "Whether it takes a password from nothing but a terminal as its input.", default: false),
    .init(
      name: "password", type: .string, description: "The password that it asks for.", secret: true,
      vars: ["ansible_become_password", "ansible_become_pass"], env: ["ANSIBLE_BECOME_PASS"], aliases: ["become_pass"]),
    .float(
      "timeout", "Seconds until the node must have answered.", default: 10, vars: ["ansible_timeout"],
      ini: ["defaults/timeout"], env: ["ANSIBLE_TIMEOUT"]),
  ]

  func plan(_ options: Options, probes: [ProbeResult]?) throws -> LaunchPlan {
    let method = try options.string("method") ?? "become"
    let user = try options.string("become_user") ?? "root"
    let hasPassword = options.has(secret: "password")
    return LaunchPlan(
      argv: try command(options, method),
      // Where it asks is for the program to choose: on the terminal, or on stderr and read from stdin.
      stdio: try options.bool("tty") ? .tty : hasPassword ? .ttyBeside : .socketpair,
      interpreter: .direct,
      prompts: try refusals(options, method) + prompts(options),
      hints: try hints(options, method, user),
      leavesMachine: false,
      description: "\(method) to \(user) on \(options.host)",
      timeout: try options.seconds("timeout"))
  }

  private func command(_ options: Options, _ method: String) throws -> [LaunchPlan.Argument] {
    guard let line = try options.string("command") else {
      throw options.refusal("command", "\(method) gave no command line", "this is a fault of the become plugin")
    }
    do {
      return try CommandTemplate(
        line, placeholder: options.string("placeholder") ?? "mitogen_node", success: options.string("success")
      ).argv
    } catch let problem as CommandTemplate.Problem {
      throw options.refusal(
        "command", "the command line that \(method) builds cannot start a node: \(problem)",
        "use the become methods sudo, su or doas, or ask the plugin's author for one simple command line")
    }
  }

  /// A program that goes on to ask again need not be waited for.
  private func refusals(_ options: Options, _ method: String) throws -> [LaunchPlan.PromptRule] {
    let role = AccountRole.become
    return try options.list("fail").flatMap { text in
      ["stderr", "tty"].map { source in
        LaunchPlan.PromptRule(
          match: .contains, text: text,
          then: .fail(code: role.refusedCode, message: "Incorrect \(method) password", hint: role.checkPassword), on: source)
      }
    }
  }

  private func prompts(_ options: Options) throws -> [LaunchPlan.PromptRule] {
    // Ansible compares texts without the blanks around them.
    let texts = try options.list("prompts").map { Words.trimmed($0[...]) }.filter { !$0.isEmpty }
    let expressions = try options.list("prompt_expressions")
    guard !texts.isEmpty || !expressions.isEmpty else { return PasswordPrompt.rules(send: "password", on: nil) }
    let patterns = try expressions.flatMap { expression in
      guard let patterns = PromptPattern.all(expression) else {
        throw options.refusal(
          "prompt_expressions", "\"\(expression)\" is more than text with gaps",
          "give the text of the prompt, with .* for what varies")
      }
      return patterns
    }
    return PasswordPrompt.rules(texts, send: "password", on: nil) + patterns.map { $0.rule(send: "password") }
  }

  private func hints(_ options: Options, _ method: String, _ user: String) throws -> [LaunchPlan.ErrorHint] {
    let role = AccountRole.become
    let missing = "\(method) to \(user): a program of its command line was not found"
    return try options.list("fail").map { role.refusal($0, "Incorrect \(method) password", role.checkPassword) }
      + options.list("missing").map { role.refusal($0, "Missing \(method) password", role.givePassword) }
      + [
        // The shell's words for a program that is not there.
        role.hint(": not found", missing, "install it there, or set ansible_become_exe"),
        role.hint("command not found", missing, "install it there, or set ansible_become_exe"),
      ]
  }
}

private let library = PluginLibrary(version: "0.1.0", BecomeConnection())

@c @implementation public func mitogen_library_v1() -> UnsafePointer<mitogen_library>? { library.table }
