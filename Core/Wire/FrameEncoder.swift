import NIOCore

/// Frames to the bytes of one direction of a link.
///
/// Must be called in the order in which frames are written to the link: the deflate stream depends on it.
public struct FrameEncoder: ~Copyable {
  private let deflater: Deflater?

  /// - Parameter deflate: whether this direction has a deflate stream; never on a link that stays on one machine.
  public init(deflate: Bool) { deflater = deflate ? Deflater() : nil }

  /// Bytes of a payload that are not worth to be copied.
  private static let worthApart = 16_384

  /// Appends the frame to `out`, or only its header: then the payload is returned, which is to be written behind that.
  public mutating func encode(_ frame: Frame, headerInto out: inout ByteBuffer) -> ByteBuffer? {
    guard frame.flags.priority == .file, frame.payload.readableBytes >= Self.worthApart else {
      encode(frame, into: &out)
      return nil
    }
    precondition(frame.payload.readableBytes <= WireLimits.maximumPayload, "a payload longer than a frame may be")
    out.writeFrameHeader(
      FrameHeader(
        length: UInt32(frame.payload.readableBytes), node: frame.node, stream: frame.stream, kind: frame.kind,
        flags: frame.flags))
    return frame.payload
  }

  /// Appends the frame to `out`. A payload over the limit is the caller's error: cut it with `Frame.cut`.
  public mutating func encode(_ frame: Frame, into out: inout ByteBuffer) {
    precondition(frame.payload.readableBytes <= WireLimits.maximumPayload, "a payload longer than a frame may be")
    var payload = frame.payload
    var flags = frame.flags
    if let deflater, 
      WireLimits.deflated.contains(payload.readableBytes), frame.kind != FrameKind.blobs.rawValue,
      flags.priority != .file
    {
      // The bytes went through the stream's window, so the deflated form is sent even where it is longer.
      payload = deflater.deflate(payload)
      flags.insert(.deflated)
    }
    out.reserveCapacity(out.writerIndex + WireLimits.headerSize + payload.readableBytes)
    out.writeFrameHeader(
      FrameHeader(
        length: UInt32(payload.readableBytes), node: frame.node, stream: frame.stream, kind: frame.kind, flags: flags))
    out.writeImmutableBuffer(payload)
  }
}
