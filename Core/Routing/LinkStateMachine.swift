import NIOCore
import Wire

/// What the frames that arrive on one link may be. Every frame goes through here before anything acts on it.
public struct LinkStateMachine: Sendable {
  /// Who is at the other end.
  public enum Peer: Sendable {
    /// Ansible's process or worker: opens streams, has no nodes behind it.
    case client
    /// A node that this router opened, and those behind it.
    case node
  }

  public enum Action: Equatable, Sendable {
    /// The peer's first frame.
    case hello(ByteBuffer)
    /// Answer with PONG of the same bytes.
    case pong(ByteBuffer)
    case goodbye(ByteBuffer)
    /// The peer does not know a kind that was sent to it.
    case unsupportedByPeer(kind: UInt8)
    /// Answer UNSUPPORTED, and log.
    case unsupported(kind: UInt8)
    /// A frame for the layer above, allowed here.
    case deliver(Frame, FrameKind)
    case ignore
  }

  private enum State {
    /// Nothing has come. Next: `open`.
    case expectingHello
    case open
  }

  private let peer: Peer
  private var state = State.expectingHello
  /// Nodes from which frames may come: the link's own, and those opened behind it.
  public private(set) var nodes: Set<UInt32>

  /// - Parameter nodes: the link's own node; empty for a client.
  public init(peer: Peer, nodes: Set<UInt32> = []) {
    self.peer = peer
    self.nodes = nodes
  }

  public mutating func allow(node: UInt32) { nodes.insert(node) }
  public mutating func forbid(node: UInt32) { nodes.remove(node) }

  public mutating func received(_ frame: Frame) throws(WireError) -> Action {
    guard let kind = frame.knownKind else { return .unsupported(kind: frame.kind) }
    if kind.isLinkLevel {
      guard frame.node == 0, frame.stream == 0 else {
        throw WireError(.malformed, "\(kind) for node \(frame.node), stream \(frame.stream)")
      }
      return try linkFrame(kind, frame)
    }
    guard case .open = state else { throw WireError(.helloExpected, "\(kind) before HELLO") }
    switch peer {
    case .client:
      guard kind.travelsDown, frame.node == 0, frame.stream != 0 else {
        throw WireError(.wrongDirection, "\(kind) from a client")
      }
    case .node:
      guard kind.travelsUp else { throw WireError(.wrongDirection, "\(kind) from a node") }
      guard nodes.contains(frame.node) else {
        throw WireError(.wrongNode, "\(kind) in the name of node \(frame.node)")
      }
    }
    return .deliver(frame, kind)
  }

  private mutating func linkFrame(_ kind: FrameKind, _ frame: Frame) throws(WireError) -> Action {
    switch (kind, state) {
    case (.hello, .expectingHello):
      state = .open
      return .hello(frame.payload)
    case (.hello, .open): throw WireError(.malformed, "a second HELLO")
    case (.ping, _):
      guard frame.payload.readableBytes <= WireLimits.maximumPing else {
        throw WireError(.malformed, "PING of \(frame.payload.readableBytes) bytes")
      }
      return .pong(frame.payload)
    case (.goodbye, _): return .goodbye(frame.payload)
    case (.unsupported, _):
      return .unsupportedByPeer(kind: frame.payload.getInteger(at: frame.payload.readerIndex) ?? 0)
    default: return .ignore
    }
  }
}
