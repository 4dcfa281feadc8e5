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

  /// Sends an `exec` with its input, and waits for the command's end.
  ///
  /// - Parameters:
  ///   - input: a descriptor that is read to its end; `nil`: no input.
  ///   - window: bytes of output that may be on their way beyond what every stream begins with.
  func exec(
    _ message: ByteBuffer, input: Int32?, window: Int = 0,
    output: @escaping @Sendable (_ bytes: ByteBufferView, _ isError: Bool) -> Void
  ) throws -> Session.Outcome {
    struct Meta: Decodable { var rc: Int32 }
    let (loop, handler) = (channel.eventLoop, self.handler)
    let promise = loop.makePromise(of: [ByteBuffer].self)
    let stream = try loop.submit {
      // Each piece begins with which of the two it is.
      handler.value.send(message, window: window, promise: promise) { data in
        guard let which = data.first else { return }
        output(data.dropFirst(), which == 2)
      }
    }.wait()
    let end: @Sendable () -> Void = { loop.execute { handler.value.end(stream) } }
    let pump = input.map { descriptor in
      InputPump(
        reading: descriptor,
        take: { piece in loop.flatSubmit { handler.value.feed(piece, to: stream) } }, end: end)
    }
    if pump == nil { end() }
    defer { pump?.stop() }
    let reply = try promise.futureResult.wait()
    return Session.Outcome(status: try WireJSON.decode(Meta.self, from: reply.first ?? ByteBuffer()).rc)
  }

  /// Sends a request that has no input.
  ///
  /// - Parameter data: called on the client's loop with each piece that comes before the answer.
  func request(_ message: ByteBuffer, data: @escaping @Sendable (ByteBufferView) -> Void) -> EventLoopFuture<[ByteBuffer]> {
    let handler = self.handler
    let promise = channel.eventLoop.makePromise(of: [ByteBuffer].self)
    channel.eventLoop.execute { _ = handler.value.send(message, promise: promise, data: data) }
    return promise.futureResult
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
    /// Who feeds the stream and waits until there is room again.
    var room: EventLoopPromise<Void>?

    func fail(_ failure: Failure) {
      promise.fail(failure)
      room?.fail(failure)
    }
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

  /// Sends a request; returns its stream.
  func send(
    _ message: ByteBuffer, window: Int = 0, promise: EventLoopPromise<[ByteBuffer]>, data: @escaping (ByteBufferView) -> Void
  ) -> UInt32 {
    let stream = nextStream
    nextStream += 1
    var entry = Pending(promise: promise, data: data, receiver: StreamReceiver(more: window))
    let frames = MessageCutter.cut(message, kind: .request, node: 0, stream: stream, priority: .call)
    let ready = frames.flatMap { entry.sender.offer($0) }
    pending[stream] = entry
    write(ready + (window > 0 ? [Frame(.credit, stream: stream, payload: ByteBuffer(integer: UInt32(window)))] : []))
    return stream
  }

  /// Sends a piece of a stream's input. The result comes when there is room for the next.
  func feed(_ piece: ByteBuffer, to stream: UInt32) -> EventLoopFuture<Void> {
    guard let context else { return NIOSingletons.posixEventLoopGroup.any().makeFailedFuture(ChannelError.ioOnClosedChannel) }
    guard pending[stream] != nil else { return context.eventLoop.makeFailedFuture(ChannelError.alreadyClosed) }
    write(pending[stream]?.sender.offer(Frame(.data, stream: stream, priority: .file, payload: piece)) ?? [])
    guard pending[stream]?.sender.isIdle == false else { return context.eventLoop.makeSucceededVoidFuture() }
    let room = context.eventLoop.makePromise(of: Void.self)
    pending[stream]?.room = room
    return room.futureResult
  }

  /// There is no more input.
  func end(_ stream: UInt32) {
    write(pending[stream]?.sender.offer(Frame(.end, stream: stream, priority: .file, payload: ByteBuffer())) ?? [])
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
        if pending[frame.stream]?.sender.isIdle == true {
          pending[frame.stream]?.room?.succeed()
          pending[frame.stream]?.room = nil
        }
      }
    case .data:
      pending[frame.stream]?.data(frame.payload.readableBytesView)
      try consumed(frame)
    case .reply:
      let message = try pending[frame.stream]?.assembler.add(frame)
      guard let message else { return try consumed(frame) }
      let entry = pending.removeValue(forKey: frame.stream)
      entry?.promise.succeed(try Parts.decode(message))
      entry?.room?.fail(ChannelError.alreadyClosed)
    case .error:
      let failure = try WireJSON.decode(Failure.self, from: frame.payload)
      pending.removeValue(forKey: frame.stream)?.fail(failure)
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
    for entry in pending.values { entry.fail(failure) }
    pending.removeAll()
  }
}
