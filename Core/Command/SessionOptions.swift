import ArgumentParser
import Logging
import Mitogen

/// What every command is told that opens a node by itself.
struct SessionOptions: ParsableArguments {
  /// How a route is written, for the help of those commands.
  static let routes = """
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
    """

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

  /// A session with the secrets of a route's methods, which are gone from the environment afterwards.
  func session(for route: Route) throws -> Session {
    var settings = Session.Settings()
    settings.timeout = timeout
    settings.python = python.map { $0.split(separator: " ").map(String.init) }
    settings.pluginFolders = pluginFolders
    for text in option { try add(text, to: &settings) }
    let environment = Environment()
    for method in Set(route.hops.map(\.method)) { settings.secrets[method] = Self.takeSecrets(of: method, environment) }
    settings.environment = environment.all
    let log = RouterLog.make(level: verbose ? .debug : .error, toFile: false)
    return try Session(settings: settings, log: log)
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
    // The last: a collection's method has dots in its name.
    guard let equals = text.firstIndex(of: "="), let dot = text[..<equals].lastIndex(of: ".") else {
      throw ValidationError("\"\(text)\" is not METHOD.NAME=VALUE.")
    }
    settings.options[String(text[..<dot]), default: [:]][String(text[text.index(after: dot)..<equals])] = String(
      text[text.index(after: equals)...])
  }
}
