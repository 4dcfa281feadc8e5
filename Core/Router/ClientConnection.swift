import NIOCore
import Routing
import Wire

/// One client: Ansible's process or a worker. Joins its requests, hands them to the router, and returns what the
/// nodes answer, frame by frame and undecoded.
final class ClientConnection: LinkEvents {
  let link: LinkHandler
  private unowned let core: RouterCore
  private var streams: [UInt32: ClientStream] = [:]
  /// Lowest level of log records that this client wants; it says so in HELLO.
  private(set) var logLevel = LogLevel.warning
  /// The node that it used last. A task makes several requests, and what one left there the next relies on.
  var node: UInt32?

  init(link: LinkHandler, core: RouterCore) {
    self.link = link
    self.core = core
    link.events = self
  }

  /// Whether it waits for an answer.
  var isWaiting: Bool { !streams.isEmpty }

  func helloReceived(_ payload: ByteBuffer, on link: LinkHandler) {
    guard let hello = try? WireJSON.decode(ClientHello.self, from: payload), hello.mitogen >= 1 else {
      link.breach(WireError(.version, "a HELLO without a version that this router speaks"))
      return
    }
    logLevel = hello.log.flatMap(LogLevel.init) ?? .warning
    core.log.debug("client connected", metadata: ["pid": "\(hello.pid ?? 0)", "client": "\(hello.client ?? "?")"])
  }

  func frameReceived(_ frame: Frame, kind: FrameKind, on link: LinkHandler) {
    do throws(WireError) {
      switch kind {
      case .request: try requestFrame(frame)
      case .data, .end: try streams[frame.stream]?.inputReceived(frame, kind: kind)
      case .credit:
        if let bytes = frame.payload.getInteger(at: frame.payload.readerIndex, as: UInt32.self) {
          streams[frame.stream]?.nodeStream?.grant(bytes)
        }
      case .cancel: streams[frame.stream]?.cancel()
      default: break
      }
    } catch {
      switch error.scope {
      case .link: link.breach(error)
      case .stream: refuse(frame.stream, Failure(code: "protocol", message: "\(error)"))
      }
    }
  }

  func linkEnded(_ link: LinkHandler, because failure: Failure) {
    for stream in streams.values {
      stream.clientGone()
      core.transfers?.ended(stream, well: false)
    }
    streams.removeAll()
    core.clientEnded(self)
  }

  private func requestFrame(_ frame: Frame) throws(WireError) {
    let stream: ClientStream
    if let known = streams[frame.stream] {
      stream = known
    } else {
      stream = ClientStream(id: frame.stream, connection: self, core: core)
      streams[frame.stream] = stream
    }
    if let message = try stream.requestReceived(frame) {
      let request = try core.parse(message)
      core.tellWhatIsLeft(to: self)
      core.serve(request, for: stream)
    }
  }

  /// Answers ERROR and forgets the stream, unless it was answered.
  func refuse(_ id: UInt32, _ failure: Failure) {
    guard let stream = streams.removeValue(forKey: id) else { return }
    core.transfers?.ended(stream, well: false)
    link.send(Frame(.error, stream: id, payload: WireJSON.encode(failure)))
  }

  func finished(_ id: UInt32) {
    if let stream = streams.removeValue(forKey: id) { core.transfers?.ended(stream, well: true) }
  }
}

/// One request of a client, from its first byte to the answer.
final class ClientStream: StreamReceiving {
  let id: UInt32
  private weak var connection: ClientConnection?
  private unowned let core: RouterCore
  private var assembler = MessageAssembler()
  private var window = StreamReceiver()
  /// The stream on the node that does the work, once it is known.
  private(set) var nodeStream: NodeStream?
  /// DATA and END that came before it was.
  private var early: [Frame] = []
  private var earlyGrants: UInt32 = 0
  private(set) var cancelled = false
  /// Whoever serves the request, where that is no node.
  var onCancel: (() -> Void)?
  /// Serves the request otherwise where its node has no Python; false if it cannot. What was sent on is lost, so not
  /// after that.
  var withoutPython: (() -> Bool)?
  private var input: ((ByteBuffer?) -> Void)?
  /// Whether the client wants to know how far a transfer is.
  var tellsProgress = false
  private var told = 0
  private var nextTelling = NIODeadline.uptimeNanoseconds(0)
  /// Nobody sees more of it, and each costs a frame.
  private static let tellingInterval = TimeAmount.milliseconds(50)
  /// Why the request was given up here, which the node does not know.
  private var reason: Failure?

  init(id: UInt32, connection: ClientConnection, core: RouterCore) {
    self.id = id
    self.connection = connection
    self.core = core
  }

  var isLive: Bool { connection != nil && !cancelled }
  var client: ClientConnection? { connection }

  func requestReceived(_ frame: Frame) throws(WireError) -> ByteBuffer? {
    guard nodeStream == nil else { throw WireError(.malformed, "a second REQUEST on stream \(id)") }
    try window.received(frame.payload.readableBytes)
    let message = try assembler.add(frame)
    used(frame.payload.readableBytes)
    return message
  }

  func inputReceived(_ frame: Frame, kind: FrameKind) throws(WireError) {
    try window.received(frame.payload.readableBytes)
    if let input { return input(frame.kind == FrameKind.end.rawValue ? nil : frame.payload) }
    guard let nodeStream else {
      early.append(frame)
      return
    }
    forward(frame, to: nodeStream)
  }

  /// The node's stream is open: what came meanwhile follows the request.
  func attach(_ stream: NodeStream) {
    nodeStream = stream
    stream.sent = { [weak self] bytes in self?.inputLeft(bytes) }
    let waiting = early
    early = []
    for frame in waiting { forward(frame, to: stream) }
  }

  /// Without a node: what comes and has come. `inputUsed` returns its credit.
  func takeInput(_ input: @escaping (ByteBuffer?) -> Void) {
    self.input = input
    let waiting = early
    early = []
    for frame in waiting { input(frame.kind == FrameKind.end.rawValue ? nil : frame.payload) }
  }

  func inputUsed(_ bytes: Int) { used(bytes) }

  private func forward(_ frame: Frame, to stream: NodeStream) {
    withoutPython = nil
    if frame.kind == FrameKind.end.rawValue {
      stream.end(priority: .call)
    } else {
      forwarded += frame.payload.readableBytes
      stream.data(frame.payload, priority: .call)
    }
  }

  /// DATA that was taken from the client and has not left for the node.
  private var forwarded = 0

  private func inputLeft(_ bytes: Int) {
    // The request's own bytes were returned when it was joined.
    let returned = min(bytes, forwarded)
    forwarded -= returned
    used(returned)
  }

  private func used(_ bytes: Int) {
    if let credit = window.consumed(bytes) {
      connection?.link.send(Frame(.credit, stream: id, payload: ByteBuffer(integer: credit)))
    }
  }

  func cancel() {
    guard !cancelled else { return }
    cancelled = true
    if let onCancel {
      onCancel()
    } else if let nodeStream {
      core.cancel(nodeStream)
    } else {
      refuse(Failure(code: "cancelled", message: "the request was cancelled"))
    }
  }

  /// The request cannot go on: the node is told, and the client is when nothing is left there.
  func giveUp(_ failure: Failure) {
    reason = failure
    cancel()
  }

  /// A transfer begins of which `progress` will say how far it is.
  func beginsTransfer(name: String, total: Int?) { core.transfers?.began(self, name: name, total: total) }

  /// - Parameters:
  ///   - bytes: of a transfer's content, so far.
  ///   - isAll: no more comes.
  func progress(_ bytes: Int, isAll: Bool = false) {
    guard bytes > told else { return }
    let now = NIODeadline.now()
    guard now >= nextTelling || isAll else { return }
    (told, nextTelling) = (bytes, now + Self.tellingInterval)
    core.transfers?.moved(self, to: bytes)
    guard tellsProgress else { return }
    connection?.link.send(Frame(.data, stream: id, payload: ByteBuffer(integer: UInt64(bytes))))
  }

  func clientGone() {
    connection = nil
    if !cancelled, let onCancel {
      onCancel()
    } else if !cancelled, let nodeStream {
      core.cancel(nodeStream)
    }
    cancelled = true
  }

  // MARK: Answers

  func reply(_ parts: ByteBuffer...) {
    guard let connection else { return }
    for frame in MessageCutter.cut(Parts.encode(parts), kind: .reply, node: 0, stream: id, priority: .call) {
      connection.link.send(frame)
    }
    connection.finished(id)
  }

  func refuse(_ failure: Failure) {
    if failure.code == "no_python", isLive, let serve = withoutPython {
      withoutPython = nil
      if serve() { return }
    }
    connection?.refuse(id, reason ?? failure)
  }

  func frameReceived(_ frame: Frame, kind: FrameKind, on stream: NodeStream) {
    guard let connection else { return }
    var onward = frame
    onward.node = 0
    onward.stream = id
    connection.link.send(onward)
    if kind == .reply && !frame.flags.contains(.more) { connection.finished(id) }
  }

  func streamFailed(_ failure: Failure, on stream: NodeStream) {
    nodeStream = nil
    refuse(failure)
  }
}
