import ArgumentParser
import Glibc
import Logging
import Mitogen
import Wire

/// `mitogen run ROUTE -- COMMAND`: tries a connection, with no Ansible in between.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a command on the node of a route.",
    discussion: """
      A route is a first hop and those behind it, separated by slashes:
        local                          this machine, this account
        ssh://deploy@web1:2222         another machine
        ssh://web1/sudo:root           an account on it
        ssh://web1/mitogen_su:app      the same as a host of its own
        docker://deploy@app            a container, and an account in it
        ssh://web1/docker://app        a container on another machine
      The secrets of a hop by METHOD are read from MITOGEN_METHOD_PASSWORD (MITOGEN_SSH_PASSWORD, MITOGEN_SUDO_PASSWORD,
      MITOGEN_SU_PASSWORD, ...), MITOGEN_SSH_PRIVATE_KEY and MITOGEN_SSH_PRIVATE_KEY_PASSPHRASE, which are taken out of
      the environment before anything is started.
      """)

  @Option(help: "Seconds until each hop must have answered.")
  var timeout = 10.0

  @Option(help: "Interpreter on the nodes; found if not given.")
  var python: String?

  @Option(name: .shortAndLong, help: "An option of a method's plugin, as ssh.private_key_file=PATH. May be given again.")
  var option: [String] = []

  @Option(name: .customLong("plugin-dir"), help: "A folder with plugin libraries. May be given again.")
  var pluginFolders: [String] = []

  @Flag(name: .shortAndLong, help: "Show what the router does.")
  var verbose = false

  @Argument(help: "The route.")
  var route: String

  @Argument(parsing: .postTerminator, help: "The command and its arguments.")
  var command: [String] = []

  func validate() throws {
    if command.isEmpty { throw ValidationError("Give a command after --, as in: mitogen run \(route) -- hostname") }
  }

  func run() throws {
    signal(SIGPIPE, SIG_IGN)
    var settings = Session.Settings()
    settings.timeout = timeout
    settings.python = python.map { $0.split(separator: " ").map(String.init) }
    settings.pluginFolders = pluginFolders
    for text in option { try add(text, to: &settings) }
    let route: Route
    do {
      route = try Route(self.route)
    } catch {
      throw ValidationError(error.description)
    }
    let environment = Environment()
    for method in Set(route.hops.map(\.method)) { settings.secrets[method] = Self.takeSecrets(of: method, environment) }
    settings.environment = environment.all
    let log = RouterLog.make(level: verbose ? .debug : .error, toFile: false)
    let session = try Session(settings: settings, log: log)
    do {
      let outcome = try session.exec(command, on: route, input: STDIN_FILENO) { bytes, isError in
        Output.write(Array(bytes), to: isError ? STDERR_FILENO : STDOUT_FILENO)
      }
      try session.close()
      throw ExitCode(outcome.status)
    } catch let failure as Failure {
      try? session.close()
      Output.write(Array("mitogen: \(failure)\n".utf8), to: STDERR_FILENO)
      // As ssh does for its own failures: a command's status cannot be told from a smaller number.
      throw ExitCode(255)
    }
  }

  private static let slots = ["password", "private_key", "private_key_passphrase"]

  /// `MITOGEN_SUDO_PASSWORD` for sudo, `MITOGEN_COMMUNITY_GENERAL_DOAS_PASSWORD` for community.general.doas.
  private static func takeSecrets(of method: String, _ environment: Environment) -> [String: String] {
    let prefix = "MITOGEN_" + String(method.uppercased().map { $0.isLetter || $0.isNumber ? $0 : "_" })
    var secrets: [String: String] = [:]
    for slot in slots { secrets[slot] = environment.takeSecret("\(prefix)_\(slot.uppercased())") }
    return secrets
  }

  private func add(_ text: String, to settings: inout Session.Settings) throws {
    guard let dot = text.firstIndex(of: "."), let equals = text.firstIndex(of: "="), dot < equals else {
      throw ValidationError("\"\(text)\" is not METHOD.NAME=VALUE.")
    }
    settings.options[String(text[..<dot]), default: [:]][String(text[text.index(after: dot)..<equals])] = String(
      text[text.index(after: equals)...])
  }
}
