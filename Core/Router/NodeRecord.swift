import Launch
import NIOCore
import Routing
import Wire

/// What the router holds of one node: the link its frames travel on, and what waits for it.
final class NodeRecord {
  enum State {
    /// Being opened. Frames wait in `outbox` until its parent was told of it. Next: `open`, `gone`.
    case opening
    /// HELLO has come. Next: `gone`.
    case open(hello: ByteBuffer)
    /// Its link, or one on the way, has ended. No next.
    case gone(Failure)
  }

  let id: UInt32
  let name: String
  let link: LinkHandler
  var state = State.opening
  /// Frames that must not pass the request that opens the node; `nil` when they may go straight to the link.
  private var outbox: [Frame]? = []
  private var waiters: [(Result<ByteBuffer, Failure>) -> Void] = []
  /// The process of a first hop, from its marker on.
  var launched: LaunchedChild?
  /// Of a first hop: how bundles of blobs go to it. Until its plan and its HELLO say more, as to a far node that reads all.
  var bundlePath = BundlePath.leavesMachine(readsLzma: true)
  /// Whether its machine, or its container, is that of the node before it. Until its plan says so it is not.
  var changesAccountOnly = false
  /// Streams open on this node.
  var streams: Set<UInt32> = []

  init(id: UInt32, name: String, link: LinkHandler) {
    self.id = id
    self.name = name
    self.link = link
  }

  /// The account that it runs in, by name; `nil` until its HELLO has said so.
  var account: String? {
    guard case .open(let hello) = state else { return nil }
    return (try? WireJSON.decode(NodeHello.self, from: hello))?.user
  }

  func send(_ frame: Frame) {
    if outbox != nil {
      outbox!.append(frame)
    } else {
      link.send(frame)
    }
  }

  /// The way to the node is prepared: what waited goes out.
  func releaseOutbox() {
    guard let waiting = outbox else { return }
    outbox = nil
    for frame in waiting { link.send(frame) }
  }

  func dropFrames(ofStream stream: UInt32) -> Bool {
    var dropped = false
    outbox?.removeAll { frame in
      guard frame.stream == stream, frame.kind != FrameKind.blobs.rawValue else { return false }
      dropped = dropped || frame.kind == FrameKind.request.rawValue
      return true
    }
    return dropped
  }

  func whenOpen(_ call: @escaping (Result<ByteBuffer, Failure>) -> Void) {
    switch state {
    case .opening: waiters.append(call)
    case .open(let hello): call(.success(hello))
    case .gone(let failure): call(.failure(failure))
    }
  }

  func opened(hello: ByteBuffer) {
    guard case .opening = state else { return }
    state = .open(hello: hello)
    resume(.success(hello))
  }

  func ended(_ failure: Failure) {
    if case .gone = state { return }
    state = .gone(failure)
    outbox = nil
    resume(.failure(failure))
  }

  private func resume(_ result: Result<ByteBuffer, Failure>) {
    let calls = waiters
    waiters = []
    for call in calls { call(result) }
  }
}
