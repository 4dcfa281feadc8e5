import NIOCore
import Wire

/// Joins the frames of one message. One assembler for each stream and kind in flight.
public struct MessageAssembler: Sendable {
  private var joined: ByteBuffer?
  private let limit: Int

  public init(limit: Int = WireLimits.maximumMessage) { self.limit = limit }

  /// Returns the whole message with its last frame; a message of one frame is not copied.
  public mutating func add(_ frame: Frame) throws(WireError) -> ByteBuffer? {
    let more = frame.flags.contains(.more)
    if joined == nil {
      if !more { return frame.payload }
      joined = frame.payload
      return nil
    }
    guard joined!.readableBytes + frame.payload.readableBytes <= limit else {
      throw WireError(.messageTooLong, "a message of more than \(limit) bytes")
    }
    joined!.writeImmutableBuffer(frame.payload)
    if more { return nil }
    defer { joined = nil }
    return joined
  }
}

/// Cuts a message into frames.
public enum MessageCutter {
  public static func cut(
    _ message: ByteBuffer, kind: FrameKind, node: UInt32, stream: UInt32, priority: FramePriority
  ) -> [Frame] {
    if message.readableBytes <= WireLimits.maximumPayload {
      return [Frame(kind, node: node, stream: stream, priority: priority, payload: message)]
    }
    var rest = message
    var frames: [Frame] = []
    while rest.readableBytes > 0 {
      // Within bounds: the length is the smaller of the two.
      let piece = rest.readSlice(length: min(WireLimits.fragment, rest.readableBytes))!
      frames.append(
        Frame(
          kind, node: node, stream: stream, priority: priority, more: rest.readableBytes > 0, payload: piece))
    }
    return frames
  }
}
