import Agent
import Launch
import Logging
import Modules
import NIOCore
import NIOPosix
import Registry
import Routing
import Wire

/// The heart of a run: the tree of nodes, the streams on them, the blobs they hold, the clients that ask.
///
/// It holds no logic that a pure type of `Routing` could hold; it carries out what they decide. Everything here runs
/// on one event loop: no locks, and no call that blocks. Work that does (plugins, reading modules) goes to `desk`.
final class RouterCore: LinkEvents {
  let loop: any EventLoop
  let configuration: RouterConfiguration
  let log: Logger
  let registry: Registry
  /// One thread for what blocks: a plugin's call, a module's closure.
  let desk: NIOThreadPool
  /// One thread for the files of transfers, which may wait for a disk.
  let fileDesk: NIOThreadPool
  let modules: ModuleDesk
  var runHeaders: [BlobHash: ByteBuffer] = [:]
  var tree = NodeTree<BlobHash>()
  var blobs = BlobDesk()
  var gate: OpenGate
  var waitingToOpen: [UInt32: () -> Void] = [:]
  let interpreterLimit: InterpreterLimit
  private(set) var records: [UInt32: NodeRecord] = [:]
  /// Routes whose last hop was reached and has no Python.
  var shells: [ByteBuffer: ShellNode] = [:]
  /// Nodes that end, and why, as soon as nothing is under way on them or behind them.
  private var leaving: [UInt32: Failure] = [:]
  private var streams: [StreamKey: NodeStream] = [:]
  private(set) var clients: [ObjectIdentifier: ClientConnection] = [:]
  /// What hops keep of files that they passed on.
  var keptPlaces: [KeptKey: KeptPlace] = [:]
  /// What the transfers over each first hop have on their way.
  var flights: [UInt32: FlightShares] = [:]
  /// For whoever shows how far they are.
  let transfers: TransferBoard?
  /// Log records that came when no client listened.
  var untold: [LogRecord] = []
  private var headers = HeaderCache()
  let agent = AgentStock()
  let launcher: Launcher

  private struct StreamKey: Hashable { var node: UInt32, stream: UInt32 }

  init(
    configuration: RouterConfiguration, registry: Registry, loop: any EventLoop, desk: NIOThreadPool,
    fileDesk: NIOThreadPool, log: Logger
  ) {
    self.configuration = configuration
    self.registry = registry
    self.loop = loop
    self.desk = desk
    self.fileDesk = fileDesk
    self.log = log
    modules = ModuleDesk(registry: registry)
    transfers = configuration.showTransfers.map { TransferBoard(tell: $0) }
    gate = OpenGate(limit: configuration.poolSize)
    interpreterLimit = InterpreterLimit(limit: configuration.maximumInterpreters)
    launcher = Launcher(eventLoop: loop)
  }

  // MARK: Clients

  func clientConnected(_ link: LinkHandler) {
    let client = ClientConnection(link: link, core: self)
    clients[ObjectIdentifier(client)] = client
    link.send(
      Frame(.hello, payload: WireJSON.encode(RouterGreeting(version: MitogenVersion.current, pid: Int(ProcessIdentity.pid)))))
  }

  var clientCount: Int { clients.count }

  func clientEnded(_ client: ClientConnection) {
    clients[ObjectIdentifier(client)] = nil
    endLeaving()
  }

  func parse(_ message: ByteBuffer) throws(WireError) -> ClientRequest {
    try ClientRequest(message, headers: &headers)
  }

  // MARK: Nodes

  func record(_ id: UInt32) -> NodeRecord? { records[id] }

  /// The node of a route, opened if it is not.
  ///
  /// - Parameter used: the node of the client's request before this one. A task goes on where it left something, also if
  ///   others find another node by now.
  func node(for request: ClientRequest, after used: UInt32?) throws(Failure) -> NodeRecord {
    if let id = request.header.node, request.hops.isEmpty {
      if let record = records[id] { return record }
      throw Failure(code: "node_lost", message: "node \(id) is not open")
    }
    guard let key = request.keys.last else {
      throw Failure(code: "protocol", message: "the request names no route")
    }
    if let used, tree[used]?.key == key, let record = records[used] { return record }
    if let known = tree.node(for: key), let record = records[known.id] { return record }
    var parent: NodeRecord?
    for (hop, key) in zip(request.hops, request.keys) {
      if let known = tree.node(for: key), let record = records[known.id] {
        parent = record
      } else {
        if let parent { makeRoom(behind: parent) }
        parent = try open(hop, key: key, behind: parent)
      }
    }
    return parent!  // keys is not empty, and every turn of the loop sets it
  }

  func add(_ record: NodeRecord) { records[record.id] = record }

  /// Sends what a node lacks of these blobs: over each link once in the run, from the memory of the hop before.
  ///
  /// - Parameter priority: `.blob` for what no request waits for.
  func deliver(_ names: [BlobHash], to id: UInt32, priority: FramePriority = .call) {
    for step in tree.deliver(names, to: id) {
      switch step {
      case .bundle(let first, let names):
        guard let record = records[first] else { continue }
        for frame in blobs.frames(for: names, to: first, by: record.bundlePath, priority: priority) { record.send(frame) }
      case .supply(let holder, let child, let names):
        var payload = ByteBuffer(integer: child)
        for name in names { payload.writeBytes(name.bytes) }
        // In the child's own queue: its parent must hear of the child first.
        records[child]?.send(Frame(.supply, node: holder, priority: priority, payload: payload))
      }
    }
  }

  /// Calls back when what is to be sent is compressed as well as it can be; at once, unless that takes long.
  func whenCompressed(_ names: [BlobHash], for record: NodeRecord, then call: @escaping () -> Void) {
    let (first, lacking) = tree.lacking(names, to: record.id)
    guard let path = records[first]?.bundlePath else { return call() }
    switch blobs.compression(of: lacking, by: path, then: call) {
    case .none: call()
    case .underway: break
    case .due(let bundle):
      desk.runIfActive(eventLoop: loop) { bundle.encoded(.lzma) }.assumeIsolated().whenComplete { result in
        for call in self.blobs.compressed(lacking, try? result.get()) { call() }
      }
    }
  }

  /// A node, and all behind it, is gone: every stream on them ends with the reason.
  func remove(_ id: UInt32, because failure: Failure) {
    for gone in tree.remove(id) {
      guard let record = records.removeValue(forKey: gone.id) else { continue }
      leaving[gone.id] = nil
      record.link.machine.forbid(node: gone.id)
      record.ended(failure)
      for stream in record.streams {
        if let stream = streams.removeValue(forKey: StreamKey(node: gone.id, stream: stream)) {
          stream.receiver.streamFailed(failure, on: stream)
        }
      }
      waitingToOpen[gone.id] = nil
      openingEnded(gone.id)
      forgetKept(by: gone.id)
      if gone.parent == nil {
        record.link.close(because: failure)
        record.launched?.terminate()
      } else if let parent = gone.parent, let above = records[parent] {
        above.send(Frame(.close, node: parent, payload: WireJSON.encode(ChildReference(child: gone.id))))
      }
    }
  }

  /// The next task on the node's route opens it anew; what is under way on it comes to its end, tasks between two requests too.
  func endWhenUnused(_ id: UInt32, because failure: Failure) {
    tree.takeKeys(of: id)
    leaving[id] = failure
    for each in tree.descendants(of: id) + [id] {
      records[each]?.whenOpen { _ in self.endLeaving() }
    }
    endLeaving()
  }

  /// After anything that may have been what one of them waited for.
  func endLeaving() {
    for (id, failure) in leaving where isUnused(id) { remove(id, because: failure) }
  }

  private func isUnused(_ id: UInt32) -> Bool {
    let kept = Set(clients.values.compactMap(\.node))
    return (tree.descendants(of: id) + [id]).compactMap { records[$0] }.allSatisfy { record in
      if case .opening = record.state { return false }
      return record.streams.isEmpty && !kept.contains(record.id)
    }
  }

  // MARK: Streams

  func openStream(on record: NodeRecord, receiver: any StreamReceiving) -> NodeStream {
    let id = tree.takeStream(of: record.id)
    let stream = NodeStream(node: record, id: id, receiver: receiver)
    record.streams.insert(id)
    streams[StreamKey(node: record.id, stream: id)] = stream
    return stream
  }

  /// Asks the node to stop. If the request has not left, it never does.
  func cancel(_ stream: NodeStream) {
    let id = stream.id
    let node = stream.node
    if node.dropFrames(ofStream: id) {
      forget(stream)
      stream.receiver.streamFailed(Failure(code: "cancelled", message: "the request was cancelled"), on: stream)
      endLeaving()
    } else {
      node.send(Frame(.cancel, node: node.id, stream: id, priority: .call))
    }
  }

  /// Nothing was sent on it, and nothing will be.
  func abandon(_ stream: NodeStream) {
    forget(stream)
    endLeaving()
  }

  private func forget(_ stream: NodeStream) {
    streams[StreamKey(node: stream.node.id, stream: stream.id)] = nil
    stream.node.streams.remove(stream.id)
    // Whoever feeds it has nothing more to do.
    stream.sent = nil
    stream.granted = nil
  }

  // MARK: LinkEvents of first hops

  func helloReceived(_ payload: ByteBuffer, on link: LinkHandler) {
    guard let id = link.machine.nodes.min(), let record = records[id] else { return }
    firstHopOpened(record, hello: payload)
  }

  func frameReceived(_ frame: Frame, kind: FrameKind, on link: LinkHandler) {
    guard let record = records[frame.node] else { return }
    switch kind {
    case .reply, .data, .end, .error, .credit: streamFrame(frame, kind, record)
    case .log: logged(frame.payload, by: record)
    case .need: needed(frame.payload, by: record)
    case .lost: lost(frame.payload, by: record)
    case .child: childEnded(frame.payload, of: record)
    default: break
    }
  }

  func linkEnded(_ link: LinkHandler, because failure: Failure) {
    // The link's own node is the lowest: those behind it were made after it.
    if let first = link.machine.nodes.min() { firstHopEnded(first, because: failure) }
  }

  private func streamFrame(_ frame: Frame, _ kind: FrameKind, _ record: NodeRecord) {
    defer { endLeaving() }
    // Unknown streams are those that ended here while the frame was on its way.
    guard let stream = streams[StreamKey(node: frame.node, stream: frame.stream)] else { return }
    switch kind {
    case .credit:
      if let bytes = frame.payload.getInteger(at: frame.payload.readerIndex, as: UInt32.self) {
        stream.credited(bytes)
      }
    case .error:
      forget(stream)
      let failure =
        (try? WireJSON.decode(Failure.self, from: frame.payload))
        ?? Failure(code: "protocol", message: "\(record.name): an error that is not JSON")
      stream.receiver.streamFailed(failure, on: stream)
    case .reply where !frame.flags.contains(.more):
      forget(stream)
      stream.receiver.frameReceived(frame, kind: kind, on: stream)
    default:
      stream.receiver.frameReceived(frame, kind: kind, on: stream)
    }
  }

  private func needed(_ payload: ByteBuffer, by record: NodeRecord) {
    var rest = payload
    var names: [BlobHash] = []
    while let bytes = rest.readBytes(length: 32) {
      if let hash = BlobHash(bytes: bytes) { names.append(hash) }
    }
    // Only what it was given before: a node has no claim to any other blob.
    deliver(tree.lost(names, at: record.id), to: record.id)
  }

  private func childEnded(_ payload: ByteBuffer, of parent: NodeRecord) {
    guard let end = try? WireJSON.decode(ChildEnd.self, from: payload), tree[end.child]?.parent == parent.id else { return }
    remove(
      end.child,
      because: Failure(code: end.code ?? "node_lost", message: end.message ?? "\(parent.name): a node behind it ended", hint: end.hint ?? ""))
  }

  // MARK: The end

  /// Closes every link, and waits for the processes of the first hops: nodes clean up when their link ends.
  func shutDown(because failure: Failure) -> EventLoopFuture<Void> {
    for record in Array(records.values) where tree[record.id]?.parent == nil { remove(record.id, because: failure) }
    for shell in Array(shells.values) { shell.end(because: failure) }
    for client in Array(clients.values) { client.link.close(because: failure) }
    launcher.terminateAll()
    return launcher.allEnded()
  }
}

struct ChildReference: Codable { var child: UInt32 }

private struct ChildEnd: Decodable {
  var child: UInt32
  var code: String?
  var message: String?
  var hint: String?
}
