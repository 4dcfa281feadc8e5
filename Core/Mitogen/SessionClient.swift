import NIOCore
import NIOPosix
import Routing
import Wire

/// The client's end of a link to the router: requests out, replies and data in.
final class SessionClient: Sendable {
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let channel: any Channel
  private let handler: NIOLoopBound<SessionHandler>

  init(descriptor: Int32) throws {
    let loop = group.next()
    let handler = try loop.submit { NIOLoopBound(SessionHandler(), eventLoop: loop) }.wait()
    self.handler = handler
    channel = try ClientBootstrap(group: group)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(handler.value) }
      }
      .withConnectedSocket(descriptor).wait()
  }

  /// Sends a request and waits for its answer.
  func request(_ message: ByteBuffer, data: @escaping @Sendable (ByteBufferView) -> Void) throws -> [ByteBuffer] {
    let promise = channel.eventLoop.makePromise(of: [ByteBuffer].self)
    let handler = self.handler
    channel.eventLoop.execute { handler.value.send(message, data: data, promise: promise) }
    return try promise.futureResult.wait()
  }

  func close() throws {
    channel.close(promise: nil)
    try group.syncShutdownGracefully()
  }
}

/// Bound to the client's event loop.
private final class SessionHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private struct Pending {
    var promise: EventLoopPromise<[ByteBuffer]>
    var data: (ByteBufferView) -> Void
    var sender = StreamSender()
    var receiver = StreamReceiver()
    var assembler = MessageAssembler()
  }

  private var decoder = FrameDecoder()
  private var encoder = FrameEncoder(deflate: false)
  private var pending: [UInt32: Pending] = [:]
  private var nextStream: UInt32 = 1
  private var context: ChannelHandlerContext?

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
  }

  func channelActive(context: ChannelHandlerContext) {
    write([Frame(.hello, payload: ByteBuffer(string: #"{"mitogen":1,"features":[],"client":"swift"}"#))])
  }

  func send(_ message: ByteBuffer, data: @escaping (ByteBufferView) -> Void, promise: EventLoopPromise<[ByteBuffer]>) {
    let stream = nextStream
    nextStream += 1
    var entry = Pending(promise: promise, data: data)
    let frames = MessageCutter.cut(message, kind: .request, node: 0, stream: stream, priority: .call)
    let ready = frames.flatMap { entry.sender.offer($0) }
    pending[stream] = entry
    write(ready)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    decoder.feed(unwrapInboundIn(data))
    do {
      while let frame = try decoder.next() { try received(frame) }
    } catch {
      fail(Failure(code: "protocol", message: "the router broke the protocol: \(error)"))
      context.close(promise: nil)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail(Failure(code: "internal", message: "the router ended"))
  }

  private func received(_ frame: Frame) throws {
    guard let kind = frame.knownKind, pending[frame.stream] != nil else { return }
    switch kind {
    case .credit:
      if let bytes = frame.payload.getInteger(at: frame.payload.readerIndex, as: UInt32.self) {
        write(pending[frame.stream]?.sender.granted(bytes) ?? [])
      }
    case .data:
      pending[frame.stream]?.data(frame.payload.readableBytesView)
      try consumed(frame)
    case .reply:
      let message = try pending[frame.stream]?.assembler.add(frame)
      guard let message else { return try consumed(frame) }
      pending.removeValue(forKey: frame.stream)?.promise.succeed(try Parts.decode(message))
    case .error:
      let failure = try WireJSON.decode(Failure.self, from: frame.payload)
      pending.removeValue(forKey: frame.stream)?.promise.fail(failure)
    default: break
    }
  }

  private func consumed(_ frame: Frame) throws {
    try pending[frame.stream]?.receiver.received(frame.payload.readableBytes)
    if let credit = pending[frame.stream]?.receiver.consumed(frame.payload.readableBytes) {
      write([Frame(.credit, stream: frame.stream, payload: ByteBuffer(integer: credit))])
    }
  }

  private func write(_ frames: [Frame]) {
    guard let context, !frames.isEmpty else { return }
    var out = context.channel.allocator.buffer(capacity: 4096)
    for frame in frames { encoder.encode(frame, into: &out) }
    context.writeAndFlush(wrapOutboundOut(out), promise: nil)
  }

  private func fail(_ failure: Failure) {
    for entry in pending.values { entry.promise.fail(failure) }
    pending.removeAll()
  }
}
