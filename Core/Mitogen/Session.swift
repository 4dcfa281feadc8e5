import FoundationEssentials
import Glibc
import Logging
import NIOCore
import NIOPosix
import Registry
import Router
import Wire

/// A router in this process, and the one client of it: what a Swift program uses to run commands on nodes.
///
/// Calls block the calling thread; several threads may call at once.
public final class Session: Sendable {
  private let server: RouterServer
  private let client: SessionClient
  /// For what the plugins declare; the router has one of its own.
  private let registry: Registry

  /// How the routes of this session are opened.
  public struct Settings: Sendable {
    /// Seconds up to a node's HELLO.
    public var timeout = 10.0
    /// Interpreter on every node; `nil` to find one.
    public var python: [String]?
    /// Secrets by method and slot, as `["sudo": ["password": "…"]]`.
    public var secrets: [String: [String: String]] = [:]
    /// Further options for the plugins, by method.
    public var options: [String: [String: String]] = [:]
    /// What decides where plugins are looked for: `MITOGEN_PLUGIN_PATH` and the like.
    public var environment: [String: String] = [:]
    /// Further folders with plugin libraries.
    public var pluginFolders: [String] = []

    public init() {}
  }

  private let settings: Settings

  public init(settings: Settings = Settings(), log: Logger) throws {
    self.settings = settings
    var configuration = RouterConfiguration()
    configuration.plugins = .standard(pluginFolders: settings.pluginFolders, environment: settings.environment)
    configuration.logLevel = log.logLevel
    registry = Registry(configuration: configuration.plugins)
    server = try RouterServer(configuration: configuration, log: log)
    var pair: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0 else {
      throw Failure(code: "internal", message: "no socket pair: \(String(cString: strerror(errno)))")
    }
    try server.attach(client: pair[0])
    client = try SessionClient(descriptor: pair[1])
  }

  /// Ends every node and the router.
  public func close() throws {
    try client.close()
    try server.stop(because: "the session was closed")
  }

  public struct Outcome: Sendable {
    public var status: Int32
  }

  /// Runs a command on the node of a route, opening what is not open. Output is handed on as it comes.
  ///
  /// - Parameter input: a descriptor that is read to its end; `nil`: no input.
  /// - Throws: `Failure`: what failed, on what, and what to do.
  public func exec(
    _ argv: [String], on route: Route, input: Int32? = nil,
    output: @escaping @Sendable (_ bytes: ByteBufferView, _ isError: Bool) -> Void
  ) throws -> Outcome {
    struct Header: Encodable {
      var op = "exec"
      var hops: Int
    }
    struct Call: Encodable {
      var argv: [String]
      var stream = true
      var tty = false
    }
    let hops = try hops(of: route)
    let parts =
      [WireJSON.encode(Header(hops: hops.count))] + hops
      + [WireJSON.encode(Call(argv: argv)), ByteBuffer(), ByteBuffer(string: "{}")]
    return try client.exec(Parts.encode(parts), input: input, output: output)
  }

  func nodeLink(_ route: Route) throws -> NodeLink { NodeLink(client: client, hops: try hops(of: route)) }

  private func hops(of route: Route) throws -> [ByteBuffer] {
    try route.hops.map { WireJSON.encode(try description(of: $0)) }
  }

  private struct HopDescription: Encodable {
    var method: String
    var name: String
    var options: [String: String]
    var secrets: [String: String]
    var python: [String]?
    var python_candidates = ["python3", "/usr/bin/python3", "/usr/local/bin/python3", "/usr/libexec/platform-python", "python"]
    var timeout: Double
  }

  private func description(of hop: Route.Hop) throws(Failure) -> HopDescription {
    // An unknown method is the router's to refuse: it says where it looked.
    let method = try? registry.connectionMethod(named: hop.method)
    let given = settings.options[hop.method] ?? method.flatMap { settings.options[$0.name] } ?? [:]
    let options = try method.map { method throws(Failure) in try hop.options(declared: method.options, given: given) } ?? given
    return HopDescription(
      method: hop.method, name: hop.host ?? hop.user.map { "\(hop.method):\($0)" } ?? hop.method, options: options,
      secrets: settings.secrets[hop.method] ?? [:], python: settings.python,
      timeout: settings.timeout)
  }
}
