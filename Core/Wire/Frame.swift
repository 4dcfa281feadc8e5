import NIOCore

/// What a frame is. The numbers are the protocol's.
public enum FrameKind: UInt8, Sendable, CaseIterable {
  case hello = 1
  case ping = 2
  case pong = 3
  case goodbye = 4
  case unsupported = 5

  case log = 8
  case child = 9
  case need = 10
  case route = 11
  case close = 12
  case supply = 13
  case blobs = 14
  case lost = 15

  case request = 16
  case reply = 17
  case data = 18
  case end = 19
  case credit = 20
  case cancel = 21
  case error = 22
  case zeros = 23
  case keep = 24
  case repeated = 25

  /// Belongs to the link itself: node 0 and stream 0.
  public var isLinkLevel: Bool { rawValue < 8 }

  /// Its payload counts against the stream's credit, byte for byte. ZEROS, KEEP and REPEAT count as what they stand for.
  public var usesCredit: Bool { self == .request || self == .reply || self == .data }

  /// A node or router may send it towards the controller.
  public var travelsUp: Bool {
    switch self {
    case .hello, .ping, .pong, .goodbye, .unsupported: true
    case .log, .child, .need, .lost, .reply, .data, .end, .credit, .error: true
    case .route, .close, .supply, .blobs, .request, .cancel, .zeros, .keep, .repeated: false
    }
  }

  /// The controller's side may send it towards a node; a client may send it to the router.
  public var travelsDown: Bool {
    switch self {
    case .hello, .ping, .pong, .goodbye, .unsupported: true
    case .route, .close, .supply, .blobs, .request, .data, .end, .credit, .cancel, .zeros, .keep, .repeated: true
    case .log, .child, .need, .lost, .reply, .error: false
    }
  }
}

/// Which frames go first on a link. A lower class is sent whole before any of a higher.
public enum FramePriority: UInt8, Sendable, CaseIterable, Comparable {
  case control = 0
  /// Calls, and the blobs that they wait for.
  case call = 1
  /// Blobs sent ahead of need.
  case blob = 2
  case file = 3

  public static func < (a: FramePriority, b: FramePriority) -> Bool { a.rawValue < b.rawValue }
}

public struct FrameFlags: OptionSet, Sendable, Hashable {
  public var rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The message goes on in the next frame of the same node, stream and kind.
  public static let more = FrameFlags(rawValue: 0x01)
  /// The payload is the next piece of the link's deflate stream.
  public static let deflated = FrameFlags(rawValue: 0x02)

  public init(priority: FramePriority, more: Bool = false) {
    rawValue = priority.rawValue << 2 | (more ? 1 : 0)
  }

  public var priority: FramePriority { FramePriority(rawValue: rawValue >> 2 & 3) ?? .file }
}

/// The 16 bytes before every payload. `kind` is a raw number here: a peer may send one that we do not know.
public struct FrameHeader: Hashable, Sendable {
  /// Bytes of payload that follow.
  public var length: UInt32
  /// Downwards: who the frame is for; upwards: who it is from; 0: the peer at the other end of the link.
  public var node: UInt32
  /// 0: the node or link itself.
  public var stream: UInt32
  public var kind: UInt8
  public var flags: FrameFlags

  public init(length: UInt32, node: UInt32, stream: UInt32, kind: UInt8, flags: FrameFlags) {
    self.length = length
    self.node = node
    self.stream = stream
    self.kind = kind
    self.flags = flags
  }
}

/// A header and its payload, not deflated.
public struct Frame: Hashable, Sendable {
  public var node: UInt32
  public var stream: UInt32
  public var kind: UInt8
  public var flags: FrameFlags
  public var payload: ByteBuffer

  public init(node: UInt32, stream: UInt32, rawKind: UInt8, flags: FrameFlags, payload: ByteBuffer) {
    self.node = node
    self.stream = stream
    self.kind = rawKind
    self.flags = flags
    self.payload = payload
  }

  public init(
    _ kind: FrameKind, node: UInt32 = 0, stream: UInt32 = 0, priority: FramePriority = .control,
    more: Bool = false, payload: ByteBuffer = ByteBuffer()
  ) {
    self.init(
      node: node, stream: stream, rawKind: kind.rawValue,
      flags: FrameFlags(priority: priority, more: more), payload: payload)
  }

  public var knownKind: FrameKind? { FrameKind(rawValue: kind) }
}
