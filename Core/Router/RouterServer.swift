import CMitogenSystem
import Glibc
import Logging
import NIOCore
import NIOPosix
import Registry
import Wire

/// The router as a process: its socket, its lifeline, and its orderly end.
public final class RouterServer: Sendable {
  private let configuration: RouterConfiguration
  private let group: MultiThreadedEventLoopGroup
  private let desk: NIOThreadPool
  private let fileDesk: NIOThreadPool
  private let log: Logger
  private let lifeline: Lifeline

  public init(configuration: RouterConfiguration, log: Logger) {
    self.configuration = configuration
    self.log = log
    // One loop: a run of hundreds of nodes spends its time in the kernel and in Ansible, not here, and one loop
    // needs no lock.
    // Before the first thread: the signals that end the router are blocked in all of them.
    lifeline = Lifeline()
    group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    desk = NIOThreadPool(numberOfThreads: 1)
    fileDesk = NIOThreadPool(numberOfThreads: 1)
  }

  /// Serves until the watched process ends, or SIGTERM or SIGINT comes; then closes every node and returns.
  /// Blocks the calling thread.
  public func run() throws {
    _ = mitogen_raise_nofile()
    signal(SIGPIPE, SIG_IGN)
    signal(SIGHUP, SIG_IGN)
    desk.start()
    fileDesk.start()
    let loop = group.next()
    let core = try loop.submit { [self] in
      let registry = Registry(
        configuration: RegistryConfiguration(
          installed: configuration.installedPlugins, folders: configuration.pluginFolders))
      return NIOLoopBound(
        RouterCore(
          configuration: configuration, registry: registry, loop: loop, desk: desk, fileDesk: fileDesk, log: log),
        eventLoop: loop)
    }.wait()
    let listener = try listen(for: core, on: loop)
    let reason = lifeline.wait(for: configuration.watchedProcess)
    log.debug("the router ends: \(reason)")
    listener.close(promise: nil)
    try loop.flatSubmit { core.value.shutDown(because: Failure(code: "cancelled", message: reason)) }.wait()
    removeDirectory()
    try group.syncShutdownGracefully()
  }

  private func listen(for core: NIOLoopBound<RouterCore>, on loop: any EventLoop) throws -> any Channel {
    let bootstrap = ServerBootstrap(group: loop)
      .serverChannelOption(.backlog, value: 1024)
      .childChannelInitializer { channel in Self.accept(channel, core) }
    if let descriptor = configuration.listenDescriptor {
      return try bootstrap.withBoundSocket(descriptor).wait()
    }
    guard let path = configuration.socketPath else {
      throw Failure(code: "internal", message: "the router was given no socket", hint: "Give --listen-fd or --socket.")
    }
    // 0600 from its first moment: the mask is the process's own, and nothing else creates files yet.
    let mask = umask(0o177)
    defer { umask(mask) }
    return try bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).wait()
  }

  /// Only processes of the router's own account are clients.
  private static func accept(_ channel: any Channel, _ core: NIOLoopBound<RouterCore>) -> EventLoopFuture<Void> {
    PeerCredentials.uid(of: channel).flatMapThrowing { uid in
      guard uid == geteuid() else {
        core.value.log.warning("refused a client of account \(uid)")
        throw Failure(code: "protocol", message: "not a process of this account")
      }
      let link = LinkHandler(name: "client", peer: .client, node: nil, keepalive: nil, loop: channel.eventLoop)
      try channel.pipeline.syncOperations.addHandler(link)
      core.value.clientConnected(link)
    }
  }

  private func removeDirectory() {
    if let path = configuration.socketPath { unlink(path) }
    guard let directory = configuration.directory, let entries = opendir(directory) else { return }
    while let entry = readdir(entries) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { unlink("\(directory)/\(name)") }
    }
    closedir(entries)
    rmdir(directory)
  }
}

/// Who is at the other end of a unix socket.
enum PeerCredentials {
  /// `struct ucred` of the kernel, which the C library hides behind a feature macro.
  private struct Credentials { var pid: Int32, uid: UInt32, gid: UInt32 }

  static func uid(of channel: any Channel) -> EventLoopFuture<UInt32> {
    guard let socket = channel as? any SocketOptionProvider else {
      return channel.eventLoop.makeFailedFuture(Failure(code: "protocol", message: "a client without a socket"))
    }
    let credentials: EventLoopFuture<Credentials> = socket.unsafeGetSocketOption(
      level: NIOBSDSocket.OptionLevel.socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
    return credentials.map(\.uid)
  }
}
