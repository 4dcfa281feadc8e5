import Glibc
import NIOCore

/// First in the link's pipeline up to the hand-over; then it passes on what came meanwhile and goes away.
///
/// Of a terminal it stays, since there the end of the stream is an error, EIO, which the router need not know of.
final class LinkHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private enum State {
    /// Bytes belong to the launch.
    case launching
    /// The marker came, the router's handlers are being added: bytes wait. Nothing much can come before the router's
    /// first requests are answered.
    case handingOver([ByteBuffer], hasEnded: Bool)
    /// Bytes belong to the router.
    case handedOver
  }

  private var state = State.launching
  private let isTerminal: Bool
  private weak var attempt: LaunchAttempt?
  private var context: ChannelHandlerContext?

  init(attempt: LaunchAttempt, isTerminal: Bool) {
    self.attempt = attempt
    self.isTerminal = isTerminal
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
  }

  func handOverBegins(rest: [UInt8]) {
    state = .handingOver(rest.isEmpty ? [] : [ByteBuffer(bytes: rest)], hasEnded: false)
  }

  func handOverEnds() {
    guard case .handingOver(let waiting, let hasEnded) = state, let context else { return }
    state = .handedOver
    for piece in waiting { context.fireChannelRead(wrapInboundOut(piece)) }
    if !waiting.isEmpty { context.fireChannelReadComplete() }
    if hasEnded {
      context.fireChannelInactive()
    } else if !isTerminal {
      context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch state {
    case .launching:
      attempt?.outputReceived(Array(unwrapInboundIn(data).readableBytesView), from: isTerminal ? .tty : .stdout)
    case .handingOver(var waiting, let hasEnded):
      state = .launching  // so that the array is not copied
      waiting.append(unwrapInboundIn(data))
      state = .handingOver(waiting, hasEnded: hasEnded)
    case .handedOver:
      context.fireChannelRead(data)
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    if case .handedOver = state { context.fireChannelReadComplete() }
  }

  func channelInactive(context: ChannelHandlerContext) {
    switch state {
    case .launching: break  // the exit status says more
    case .handingOver(let waiting, _): state = .handingOver(waiting, hasEnded: true)
    case .handedOver: context.fireChannelInactive()
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if isTerminal, let error = error as? IOError, error.errnoCode == EIO { return }
    if case .handedOver = state { context.fireErrorCaught(error) }
  }
}

/// Reads stderr or the terminal beside the link for as long as the child lives.
final class SpokenHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let source: LaunchMachine.Source
  private weak var attempt: LaunchAttempt?

  init(attempt: LaunchAttempt, source: LaunchMachine.Source) {
    self.attempt = attempt
    self.source = source
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    attempt?.outputReceived(Array(unwrapInboundIn(data).readableBytesView), from: source)
  }

  /// NIO closes the channel; why it could not be read concerns nobody.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}
