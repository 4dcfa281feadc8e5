import NIOCore
import Routing
import Wire

/// One stream that the router opened on a node: what it still has to send, and who gets what comes back.
final class NodeStream {
  let node: NodeRecord
  let id: UInt32
  let receiver: any StreamReceiving
  private var sender = StreamSender()
  /// Called with the bytes of payload that left for the link, for whoever feeds the stream.
  var sent: ((Int) -> Void)?
  /// Called with the credit that the node gave, for whoever fits what is sent to it.
  var granted: ((Int) -> Void)?

  init(node: NodeRecord, id: UInt32, receiver: any StreamReceiving) {
    self.node = node
    self.id = id
    self.receiver = receiver
  }

  /// Bytes that may be sent now.
  var room: Int { sender.isIdle ? sender.credit : 0 }

  func request(_ message: ByteBuffer, priority: FramePriority = .call) {
    offer(MessageCutter.cut(message, kind: .request, node: node.id, stream: id, priority: priority))
  }

  func data(_ bytes: ByteBuffer, priority: FramePriority) {
    offer([Frame(.data, node: node.id, stream: id, priority: priority, payload: bytes)])
  }

  func end(priority: FramePriority) { offer([Frame(.end, node: node.id, stream: id, priority: priority)]) }

  func grant(_ bytes: UInt32) {
    node.send(Frame(.credit, node: node.id, stream: id, payload: ByteBuffer(integer: bytes)))
  }

  func credited(_ bytes: UInt32) {
    go(sender.granted(bytes))
    granted?(Int(bytes))
  }

  /// Sends a piece of content for which there is room.
  ///
  /// - Parameter bytes: what it counts for: the frame may stand for more than it holds.
  func content(_ frame: Frame, standingFor bytes: Int) {
    sender.spend(bytes)
    node.send(frame)
  }

  private func offer(_ frames: [Frame]) { for frame in frames { go(sender.offer(frame)) } }

  private func go(_ frames: [Frame]) {
    var bytes = 0
    for frame in frames {
      bytes += frame.payload.readableBytes
      node.send(frame)
    }
    if bytes > 0 { sent?(bytes) }
  }
}

/// Takes what a node sends on one stream.
protocol StreamReceiving: AnyObject {
  /// REPLY (each of its frames), DATA or END. Whoever receives returns credit with `stream.grant`.
  func frameReceived(_ frame: Frame, kind: FrameKind, on stream: NodeStream)
  /// The stream ended without a REPLY. The last call for it.
  func streamFailed(_ failure: Failure, on stream: NodeStream)
}
