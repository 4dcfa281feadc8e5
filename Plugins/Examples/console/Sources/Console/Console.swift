import PluginKit

/// The connection method console: a host behind a vendor's console server, which asks for a login and a password in the
/// very stream that the shell then has.
///
///     console HOST PORT COMMAND
///
/// is the vendor's program. What the server says comes out of it, what it is given goes to the server, and at the server's
/// first prompt it types COMMAND. So there is no terminal, and prompts are answered where they are read: on the link.
public struct ConsoleConnection: ConnectionPlugin {
  public static let name = "console"
  public static let summary = "Reaches a host through a console server that asks for login and password."

  public static let options: [OptionDeclaration] = [
    .string("remote_addr", "The console server: the host's name where nothing says otherwise.", vars: ["ansible_host"]),
    .int("port", "Its port for the host's line.", default: 2001, vars: ["ansible_port", "ansible_console_port"]),
    .string(
      "console_executable", "The vendor's program.", default: "console", vars: ["ansible_console_executable"],
      ini: ["console_connection/executable"], env: ["CONSOLE_EXECUTABLE"]),
    // A dialogue sends what is in slots, so the name that is asked for is one as well as the password.
    .secret("login", "The name to log in by.", vars: ["ansible_user", "ansible_console_login"]),
    .secret("password", "What the server asks for.", vars: ["ansible_password", "ansible_console_password"]),
    .float("timeout", "Seconds until the host must have answered.", default: 20, vars: ["ansible_timeout"]),
  ]

  public init() {}

  public func plan(_ options: Options, probes: [ProbeResult]?) throws -> LaunchPlan {
    let server = try options.string("remote_addr") ?? options.host
    guard !server.hasPrefix("-") else {
      throw options.refusal("remote_addr", "\"\(server)\" would be an option of the program", "correct ansible_host")
    }
    guard let port = try options.int("port"), (1...65535).contains(port) else {
      throw options.refusal("port", "a port is 1 to 65535", "correct ansible_port")
    }
    guard options.has(secret: "login") else {
      throw PluginRefusal(
        code: "authentication", message: "console: \(server) asks for a login, and there is none", hint: "set ansible_user")
    }
    return LaunchPlan(
      argv: [
        .literal(try options.string("console_executable") ?? "console"), .literal(server), .literal("\(port)"),
        // The program types it: one word, quoted for the shell there.
        .bootstrapShellCommand,
      ],
      stdio: .socketpair,
      interpreter: .discover,
      prompts: Self.dialogue,
      hints: [
        .init(
          contains: "connection refused", code: "unreachable", message: "nobody answers at port \(port)",
          hint: "check ansible_host and ansible_port")
      ],
      description: "console of \(server)",
      timeout: try options.seconds("timeout"))
  }

  /// What the server says, in the order in which rules are looked at.
  static let dialogue: [LaunchPlan.PromptRule] =
    [
      .init(
        match: .contains, text: "login incorrect",
        then: .fail(
          code: "authentication", message: "login or password was not accepted", hint: "check ansible_user and ansible_password"),
        on: "stdout"),
      // At the beginning of a line: "Last login: yesterday" asks for nothing.
      .init(match: .prefix, text: "login:", then: .send(slot: "login"), on: "stdout"),
    ] + PasswordPrompt.rules(["password:"], send: "password", on: "stdout")
}

private let library = PluginLibrary(version: "1.0", ConsoleConnection())

@c @implementation public func mitogen_library_v1() -> UnsafePointer<mitogen_library>? { library.table }
