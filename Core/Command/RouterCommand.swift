import ArgumentParser
import Glibc
import Logging
import Mitogen
import Registry
import Router

/// `mitogen router`: serves one run. Started by the Ansible side; of use by hand to look at what it does.
struct RouterCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "router", abstract: "Serve one Ansible run: open nodes, run modules, move files.")

  @Option(name: .customLong("listen-fd"), help: "A listening unix socket, inherited from the starter.")
  var listenDescriptor: Int32?

  @Option(help: "Or: where to make a socket.")
  var socket: String?

  @Option(name: .customLong("watch-pid"), help: "The process whose end is the router's.")
  var watchedProcess: Int32?

  @Option(help: "The run's private directory, removed at the end.")
  var directory: String?

  @Option(name: .customLong("progress-fd"), help: "Where to show how far transfers are: Ansible's terminal, or a file.")
  var progressDescriptor: Int32?

  @Option(name: .customLong("plugin-dir"), help: "A folder with plugin libraries. May be given again.")
  var pluginFolders: [String] = []

  func validate() throws {
    if listenDescriptor == nil && socket == nil {
      throw ValidationError("Give --listen-fd or --socket.")
    }
  }

  func run() throws {
    // Before the first other thread: the signals that end the router are blocked in all of them.
    let lifeline = Lifeline()
    signal(SIGPIPE, SIG_IGN)
    signal(SIGHUP, SIG_IGN)
    // A session of its own: what a terminal or Ansible sends to its process group is not for the router.
    _ = setsid()
    let environment = Environment()
    var configuration = RouterConfiguration()
    configuration.listenDescriptor = listenDescriptor
    configuration.socketPath = socket
    configuration.directory = directory
    configuration.watchedProcess = watchedProcess
    if let progressDescriptor {
      let row = TerminalRow(progressDescriptor, directory: directory)
      configuration.showTransfers = { row.show($0) }
    }
    configuration.plugins = .standard(pluginFolders: pluginFolders, environment: environment.all)
    if let size = try environment.number("MITOGEN_POOL_SIZE") { configuration.poolSize = size }
    if let limit = try environment.number("MITOGEN_MAX_INTERPRETERS") { configuration.maximumInterpreters = limit }
    configuration.logLevel = environment.logLevel
    let debug = environment.isOn("MITOGEN_ROUTER_DEBUG")
    configuration.nodesKeepLogFiles = debug
    let log = RouterLog.make(level: debug ? .debug : configuration.logLevel, toFile: debug)
    try RouterServer(configuration: configuration, log: log).serve(until: lifeline)
  }
}
