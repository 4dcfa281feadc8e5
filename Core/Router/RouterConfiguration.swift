import Logging
import Registry
import Routing

/// What the router is told when it starts.
public struct RouterConfiguration: Sendable {
  /// A listening unix socket that the starter made, so that nobody waits for the router to be ready.
  public var listenDescriptor: Int32?
  /// Otherwise: where to make one.
  public var socketPath: String?
  /// The run's private directory, removed at the end.
  public var directory: String?
  /// The process whose end is the router's: Ansible's main process.
  public var watchedProcess: Int32?
  /// Nodes that are opened at once (`MITOGEN_POOL_SIZE`).
  public var poolSize = 16
  /// Nodes that may stand behind one node (`MITOGEN_MAX_INTERPRETERS`).
  public var maximumInterpreters = 20
  /// Is told, often, how far all transfers of clients are together, and with `nil` that none is under way any more.
  public var showTransfers: (@Sendable (TransferState?) -> Void)?
  /// Where plugins are, and which of them run in a helper process.
  public var plugins = RegistryConfiguration.standard()
  /// Lowest level of log records that nodes send (`MITOGEN_LOG_LEVEL`).
  public var logLevel: Logger.Level = .warning
  /// Every node keeps a log file on its machine (`MITOGEN_ROUTER_DEBUG`).
  public var nodesKeepLogFiles = false

  public init() {}
}
