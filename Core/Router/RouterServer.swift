import CMitogenSystem
import Files
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
  private let core: NIOLoopBound<RouterCore>

  /// Starts the threads; nothing is served yet.
  public init(configuration: RouterConfiguration, log: Logger) throws {
    self.configuration = configuration
    self.log = log
    // Here nobody else makes files yet.
    _ = FileMask.current
    // One loop: a run of hundreds of nodes spends its time in the kernel and in Ansible, not here, and one loop
    // needs no lock.
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let desk = NIOThreadPool(numberOfThreads: 1)
    let fileDesk = NIOThreadPool(numberOfThreads: 1)
    desk.start()
    fileDesk.start()
    let loop = group.next()
    core = try loop.submit {
      NIOLoopBound(
        RouterCore(
          configuration: configuration, registry: Registry(configuration: configuration.plugins), loop: loop,
          desk: desk, fileDesk: fileDesk, log: log),
        eventLoop: loop)
    }.wait()
    self.group = group
    self.desk = desk
    self.fileDesk = fileDesk
  }

  /// Serves clients on the socket until the lifeline ends; blocks the calling thread.
  public func serve(until lifeline: Lifeline) throws {
    _ = mitogen_raise_nofile()
    let listener = try listen()
    let reason = lifeline.wait(for: configuration.watchedProcess)
    log.debug("the router ends: \(reason)")
    listener.close(promise: nil)
    try stop(because: reason)
    removeDirectory()
  }

  /// Serves one client over a connected socket, which becomes the router's.
  public func attach(client descriptor: Int32) throws {
    let core = self.core
    _ = try ClientBootstrap(group: group)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try Self.welcome(channel, core.value) }
      }
      .withConnectedSocket(descriptor).wait()
  }

  /// Closes every node, and waits for the processes of the first hops.
  public func stop(because reason: String) throws {
    let core = self.core
    try group.next().flatSubmit {
      core.value.shutDown(because: Failure(code: "cancelled", message: reason))
    }.wait()
    // The loop last: what the desks have still to say is said there.
    try desk.syncShutdownGracefully()
    try fileDesk.syncShutdownGracefully()
    try group.syncShutdownGracefully()
  }

  private func listen() throws -> any Channel {
    let core = self.core
    let bootstrap = ServerBootstrap(group: group)
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
      try welcome(channel, core.value)
    }
  }

  private static func welcome(_ channel: any Channel, _ core: RouterCore) throws {
    let link = LinkHandler(name: "client", peer: .client, node: nil, keepalive: nil, loop: channel.eventLoop)
    try channel.pipeline.syncOperations.addHandler(link)
    core.clientConnected(link)
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
