import Files
import Modules
import NIOCore
import Plans
import Registry
import Routing
import Wire

/// Serving clients: each request becomes a stream on the node that its route names, and what comes back is
/// forwarded as it is.
extension RouterCore {
  func serve(_ request: ClientRequest, for stream: ClientStream) {
    stream.tellsProgress = request.header.progress
    if request.header.op == .status { return stream.reply(WireJSON.encode(status())) }
    if request.header.op == .catalogue { return catalogue(stream) }
    if request.header.op == .recognise { return recognise(request, stream) }
    if request.header.op == .reset { return reset(request, stream) }
    if let key = request.keys.last {
      if tree.node(for: key) == nil, let shell = shells[key], serve(request, by: shell, for: stream) { return }
      stream.withoutPython = { [weak stream] in
        guard let stream, let shell = self.shells[key] else { return false }
        return self.serve(request, by: shell, for: stream)
      }
    }
    let record: NodeRecord
    let used = stream.client?.node
    // The one that it used before may make room for this one.
    stream.client?.node = nil
    do {
      record = try node(for: request, after: used)
    } catch {
      return stream.refuse(error)
    }
    stream.client?.node = record.id
    endLeaving()
    switch request.header.op {
    case .run: run(request, on: record, for: stream)
    case .exec: start("exec", part: "exec", [request.part(0), request.part(1), request.part(2)], on: record, for: stream)
    case .remove: start("remove", part: "files", [request.part(0)], on: record, for: stream)
    case .tmp: start("tmp", part: "files", [request.part(0)], on: record, for: stream)
    case .vacate: vacate(request, below: record, for: stream)
    case .put: put(request, on: record, for: stream)
    case .get: get(request, on: record, for: stream)
    case .list, .putMany, .getMany:
      start(request.header.op.rawValue, part: "trees", request.rest, on: record, for: stream, priority: .file)
    case .node:
      record.whenOpen { result in
        switch result {
        case .success(let hello): stream.reply(hello)
        case .failure(let failure): stream.refuse(failure)
        }
      }
    case .place:
      record.whenOpen { result in
        switch result {
        case .success: stream.reply(ByteBuffer(string: #"{"node":\#(record.id)}"#))
        case .failure(let failure): stream.refuse(failure)
        }
      }
    case .reset, .status, .catalogue, .recognise: break  // served above
    }
  }

  // MARK: Modules

  private func run(_ request: ClientRequest, on record: NodeRecord, for stream: ClientStream) {
    guard let module = request.header.module else {
      return stream.refuse(Failure(code: "protocol", message: "a run request without a module"))
    }
    if let ready = modules.known(request.headerBytes, path: module.path) {
      return run(ready, request, on: record, for: stream)
    }
    // The node is being opened meanwhile.
    modules.prepare(module, header: request.headerBytes, on: desk, loop: loop) { result in
      switch result {
      case .success(let prepared):
        self.blobs.add(prepared)
        self.run(prepared, request, on: record, for: stream)
      case .failure(let failure):
        stream.refuse(failure)
      }
    }
  }

  private func run(_ module: PreparedModule, _ request: ClientRequest, on record: NodeRecord, for stream: ClientStream) {
    let send = {
      guard let nodeStream = self.begin(on: record, for: stream) else { return }
      // A node that was given the program was given all that it names.
      let isKnown = self.tree.holds(module.program.hash, at: record.id)
      if !isKnown { self.deliver(module.names, to: record.id) }
      self.callGoes(to: record)
      nodeStream.request(Parts.encode(self.runHeader(module, request.header.through, for: record), request.part(0), request.part(1)))
      stream.attach(nodeStream)
      if !isKnown {
        self.deliver(module.late.map(\.hash) + self.named("tidy", "surroundings"), to: record.id, priority: .blob)
      }
    }
    if tree.holds(module.program.hash, at: record.id) { return send() }
    whenCompressed(module.names, for: record, then: send)
  }

  private func runHeader(_ module: PreparedModule, _ through: RequestHeader.Through?, for record: NodeRecord) -> ByteBuffer {
    let program = module.program.hash
    // What starts a process or is no ordinary run is not worth keeping a header for.
    if through != nil || module.directory {
      let through = through.map { #","through":"\#(supply($0.rawValue, to: record).hex)""# } ?? ""
      let run = module.directory ? #""op":"run_in_directory","part":"\#(supply("files", to: record).hex)""# : #""op":"run""#
      return ByteBuffer(string: #"{\#(run),"program":"\#(program.hex)"\#(through)}"#)
    }
    if let made = runHeaders[program] { return made }
    let header = ByteBuffer(string: #"{"op":"run","program":"\#(program.hex)"}"#)
    runHeaders[program] = header
    return header
  }

  /// Which runner would run a module. The client writes the arguments as that one wants them.
  private func recognise(_ request: ClientRequest, _ stream: ClientStream) {
    guard let module = request.header.module else {
      return stream.refuse(Failure(code: "protocol", message: "a recognise request without a module"))
    }
    modules.recognise(module, on: desk, loop: loop) { result in
      switch result {
      case .success(let recognised): stream.reply(WireJSON.encode(RecognisedReply(recognised)))
      case .failure(let failure): stream.refuse(failure)
      }
    }
  }

  // MARK: The agent's other operations

  /// - Parameter part: the piece of the agent that serves the operation.
  private func start(
    _ op: String, part: String, _ parts: [ByteBuffer], on record: NodeRecord, for stream: ClientStream,
    priority: FramePriority = .call
  ) {
    guard let nodeStream = begin(on: record, for: stream) else { return }
    if priority == .call { callGoes(to: record) }
    nodeStream.request(Parts.encode([header(op, part: part, for: record)] + parts), priority: priority)
    stream.attach(nodeStream)
    deliver(named("surroundings"), to: record.id, priority: .blob)
  }

  /// Parts of the agent that HELLO has named: they come once a node has something to do.
  private func named(_ names: String...) -> [BlobHash] {
    names.map { name in
      let part = agent.part(name)
      blobs.add(part)
      return part.hash
    }
  }

  func header(_ op: String, part name: String, for record: NodeRecord) -> ByteBuffer {
    ByteBuffer(string: #"{"op":"\#(op)","part":"\#(supply(name, to: record).hex)"}"#)
  }

  /// Sends a piece of the agent to a node that lacks it.
  private func supply(_ name: String, to record: NodeRecord) -> BlobHash {
    let part = agent.part(name)
    blobs.add(part)
    deliver([part.hash], to: record.id)
    return part.hash
  }

  private func put(_ request: ClientRequest, on record: NodeRecord, for stream: ClientStream) {
    guard let source = request.header.source else {
      return start("put", part: "files", [request.part(0), request.part(1)], on: record, for: stream)
    }
    let file = FileSource(
      path: source, call: request.part(0), part: supply("files", to: record), client: stream, desk: fileDesk, core: self)
    guard let nodeStream = begin(on: record, for: stream, receiver: file) else { return }
    file.send(over: nodeStream)
  }

  private func get(_ request: ClientRequest, on record: NodeRecord, for stream: ClientStream) {
    guard let destination = request.header.destination else {
      return start("get", part: "files", [request.part(0)], on: record, for: stream)
    }
    let sink = FileSink(
      path: destination, preserve: request.header.preserve, desk: fileDesk, client: stream, loop: loop)
    let name = ContentSum(of: Parts.encode(request.keys.last ?? ByteBuffer(integer: record.id), request.part(0))).hex
    sink.begin(key: String(name.prefix(12))) { prefix in
      guard let nodeStream = self.begin(on: record, for: stream, receiver: sink) else {
        return sink.fail(Failure(code: "cancelled", message: "the request was cancelled"))
      }
      let part = self.supply("files", to: record)
      let name = destination.split(separator: "/").last ?? ""
      stream.beginsTransfer(name: "\(record.name): \(name)", total: nil)
      sink.requested(FlightShare(of: record, core: self))
      nodeStream.request(
        Parts.encode(ByteBuffer(string: #"{"op":"get","part":"\#(part.hex)"\#(prefix)}"#), request.part(0)),
        priority: .file)
      stream.attach(nodeStream)
    }
  }

  /// A stream on the node, unless the node went away or the client did while the request was prepared.
  private func begin(
    on record: NodeRecord, for stream: ClientStream, receiver: (any StreamReceiving)? = nil
  ) -> NodeStream? {
    guard stream.isLive else { return nil }
    if case .gone(let failure) = record.state {
      stream.refuse(failure)
      return nil
    }
    return openStream(on: record, receiver: receiver ?? stream)
  }

  // MARK: The router itself

  private func reset(_ request: ClientRequest, _ stream: ClientStream) {
    let reason = Failure(code: "node_lost", message: "the connection was reset by the play")
    stream.client?.node = nil
    if let key = request.keys.last {
      shells[key]?.end(because: reason)
      // Another host of the play may be the same place: its task goes on.
      if let known = tree.node(for: key) { endWhenUnused(known.id, because: reason) }
    }
    stream.reply(ByteBuffer(string: "{}"))
  }

  /// Ends what stands idle in an account behind this node, and answers when nothing of it is left there: programs such as
  /// `userdel` refuse to touch an account in which anything runs.
  private func vacate(_ request: ClientRequest, below record: NodeRecord, for stream: ClientStream) {
    do {
      let account = try WireJSON.decode(VacateCall.self, from: request.part(0)).account
      let idle = tree.descendants(of: record.id).filter { id in
        self.record(id).map { $0.streams.isEmpty && $0.account == account } ?? false
      }
      guard !idle.isEmpty else { return stream.reply(ByteBuffer(string: "{}")) }
      let reason = Failure(code: "node_lost", message: "the play changes the account \(account)")
      for id in idle { remove(id, because: reason) }
      start("vacate", part: "vacate", [request.part(0)], on: record, for: stream)
    } catch {
      stream.refuse(Failure(code: "protocol", message: "a call of vacate that cannot be read: \(error)"))
    }
  }

  /// The connection methods as their plugins declare them. The first question reads manifests.
  private func catalogue(_ stream: ClientStream) {
    let registry = self.registry
    desk.runIfActive(eventLoop: loop) {
      try PluginListing.json(registry.connectionMethods(), indented: false)
    }.assumeIsolated().whenComplete { result in
      switch result {
      case .success(let json): stream.reply(ByteBuffer(bytes: json))
      case .failure(let error):
        stream.refuse(Failure(code: "internal", message: "the plugins' options cannot be told: \(error)"))
      }
    }
  }

  private func status() -> RouterStatus {
    RouterStatus(
      nodes: tree.all.sorted { $0.id < $1.id }.map { node in
        RouterStatus.Node(
          id: node.id, parent: node.parent, name: record(node.id)?.name ?? "", streams: record(node.id)?.streams.count ?? 0)
      },
      clients: clientCount, residentBytes: ProcessIdentity.residentBytes, pid: ProcessIdentity.pid)
  }
}

extension PreparedModule {
  /// What must be on a node before the program can run there; the program, which names the others, is the last.
  fileprivate var names: [BlobHash] { blobs.map(\.hash) + [program.hash] }
}

/// The reply of `recognise`; `runner` is missing where no runner knows the module.
private struct RecognisedReply: Encodable {
  var runner: String?
  var arguments: RunPlan.Arguments?
  var interpreter: RunPlan.Interpreter?

  init(_ module: RecognisedModule?) {
    runner = module?.runner
    arguments = module?.plan.arguments
    interpreter = module?.plan.interpreter
  }
}

/// The reply of `status`.
struct RouterStatus: Encodable {
  struct Node: Encodable {
    var id: UInt32
    var parent: UInt32?
    var name: String
    var streams: Int
  }
  var nodes: [Node]
  var clients: Int
  var residentBytes: Int
  var pid: Int32
}

/// `call` of `vacate`.
private struct VacateCall: Decodable {
  var account: String
}
