import NIOCore
import Routing
import Wire

/// What a link tells the layer above. All calls come on the link's event loop.
protocol LinkEvents: AnyObject {
  func helloReceived(_ payload: ByteBuffer, on link: LinkHandler)
  func frameReceived(_ frame: Frame, kind: FrameKind, on link: LinkHandler)
  /// The last call for this link.
  func linkEnded(_ link: LinkHandler, because failure: Failure)
}

/// One link: frames to bytes in the order of their priority, bytes to frames that the protocol allows.
///
/// It exists before its channel does: what is sent to a node that is still being opened waits in its queue, and goes
/// out in one flight when the channel comes. Bound to one event loop.
final class LinkHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// Bytes written to the channel at once: enough to fill a pipe, few enough that a call waits behind little.
  private static let writeBatch = 65_536
  /// Bytes that a batch begins with: the headers of files, and most calls.
  private static let smallBatch = 1_024

  let name: String
  let loop: any EventLoop
  weak var events: (any LinkEvents)?
  var machine: LinkStateMachine
  private var decoder = FrameDecoder()
  private var encoder = FrameEncoder(deflate: false)
  private var queue = FrameQueue()
  private var context: ChannelHandlerContext?
  private var keepalive: Keepalive?
  private let keepaliveSettings: KeepaliveSettings?
  private var pumpScheduled = false
  private(set) var ended = false
  private var heardHello = false
  private var sentBeforeHello = 0

  init(
    name: String, peer: LinkStateMachine.Peer, node: UInt32?, keepalive: KeepaliveSettings?, loop: any EventLoop
  ) {
    self.name = name
    self.loop = loop
    machine = LinkStateMachine(peer: peer, nodes: node.map { [$0] } ?? [])
    keepaliveSettings = keepalive
  }

  // MARK: Sending

  /// Whether what is sent goes through a deflate stream. Before the channel comes.
  func prepare(deflate: Bool) {
    precondition(context == nil, "the deflate stream is part of what was sent already")
    encoder = FrameEncoder(deflate: deflate)
  }

  func send(_ frame: Frame) {
    loop.assertInEventLoop()
    guard !ended else { return }
    queue.push(frame)
    schedulePump()
  }

  /// Drops frames that have not been written.
  func drop(where goes: (Frame) -> Bool) { queue.removeAll(where: goes) }

  /// Frames sent in one turn of the loop leave in one write.
  private func schedulePump() {
    guard !pumpScheduled, context != nil else { return }
    pumpScheduled = true
    loop.assumeIsolated().execute {
      self.pumpScheduled = false
      self.pump()
    }
  }

  private func pump() {
    guard let context, !ended else { return }
    var wrote = false
    while context.channel.isWritable, heardHello || sentBeforeHello < WireLimits.beforeHello, !queue.isEmpty {
      var batch = context.channel.allocator.buffer(capacity: Self.smallBatch)
      var size = 0
      while size + batch.readableBytes < Self.writeBatch, let frame = queue.pop() {
        guard let payload = encoder.encode(frame, headerInto: &batch) else { continue }
        size += batch.readableBytes + payload.readableBytes
        context.write(wrapOutboundOut(batch), promise: nil)
        context.write(wrapOutboundOut(payload), promise: nil)
        batch = context.channel.allocator.buffer(capacity: Self.smallBatch)
      }
      size += batch.readableBytes
      if batch.readableBytes > 0 { context.write(wrapOutboundOut(batch), promise: nil) }
      if !heardHello { sentBeforeHello += size }
      wrote = true
    }
    if wrote { context.flush() }
  }

  /// Ends the link from this side.
  func close(because failure: Failure) {
    guard !ended else { return }
    end(failure)
    context?.close(promise: nil)
  }

  // MARK: Receiving

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    if let keepaliveSettings {
      keepalive = Keepalive(keepaliveSettings, now: .now())
      lookForLife()
    }
    pump()
  }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !ended else { return }
    keepalive?.heard(at: .now())
    decoder.feed(unwrapInboundIn(data))
    do throws(WireError) {
      while !ended, let frame = try decoder.next() { try accept(frame) }
    } catch {
      breach(error)
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    pump()
    context.fireChannelWritabilityChanged()
  }

  func channelInactive(context: ChannelHandlerContext) {
    end(Failure(code: "node_lost", message: "\(name): the connection was closed"))
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    close(because: Failure(code: "node_lost", message: "\(name): the connection failed: \(error)"))
  }

  private func accept(_ frame: Frame) throws(WireError) {
    switch try machine.received(frame) {
    case .hello(let payload):
      heardHello = true
      events?.helloReceived(payload, on: self)
      pump()
    case .pong(let bytes):
      send(Frame(.pong, payload: bytes))
    case .goodbye(let payload):
      let said = (try? WireJSON.decode(Failure.self, from: payload)) ?? Failure(code: "node_lost", message: "")
      close(because: Failure(code: "node_lost", message: "\(name): the other side ended: \(said.message)", hint: said.hint))
    case .unsupported(let kind):
      send(Frame(.unsupported, payload: ByteBuffer(integer: kind)))
    case .unsupportedByPeer, .ignore:
      break
    case .deliver(let frame, let kind):
      events?.frameReceived(frame, kind: kind, on: self)
    }
  }

  /// The peer broke the protocol: this link ends, and no other.
  func breach(_ error: WireError) {
    close(
      because: Failure(
        code: "protocol", message: "\(name): the other side broke the protocol (\(error))",
        hint: "The connection was ended. If this repeats, something on the way changes the bytes of the session."))
  }

  private func end(_ failure: Failure) {
    guard !ended else { return }
    ended = true
    queue = FrameQueue()
    let events = self.events
    self.events = nil
    events?.linkEnded(self, because: failure)
  }

  // MARK: Keepalive

  private func lookForLife() {
    guard let keepalive, !ended else { return }
    let next: NIODeadline
    switch keepalive.look(at: .now()) {
    case .wait(let until): next = until
    case .ping(let until):
      send(Frame(.ping, payload: ByteBuffer(string: "alive")))
      next = until
    case .dead(let silence):
      close(
        because: Failure(
          code: "unreachable",
          message: "\(name): nothing was heard for \(silence.nanoseconds / 1_000_000_000) s",
          hint: "The machine or the network stopped answering. mitogen_ssh_keepalive_interval and _count set the bound."))
      return
    }
    loop.assumeIsolated().scheduleTask(deadline: next) { self.lookForLife() }
  }
}
