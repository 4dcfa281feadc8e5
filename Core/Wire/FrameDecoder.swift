import NIOCore

/// Bytes of one direction of a link to frames. Pure: it is fed buffers and asked for frames.
///
/// A frame's length is checked as soon as its header is there, so that a peer cannot make the receiver buffer more
/// than one maximal frame. After it has thrown, the link is over: it keeps throwing the same error.
public struct FrameDecoder: ~Copyable {
  private enum State {
    /// Waiting for 16 bytes. Next: `payload`.
    case header
    /// The header is known and allowed; waiting for its payload. Next: `header`.
    case payload(FrameHeader)
    /// The peer broke the protocol. No next.
    case failed(WireError)
  }

  private enum Step {
    case insufficient
    case again
    case frame(Frame)
  }

  private var state = State.header
  private var bytes = ByteBuffer()
  private let inflater: Inflater

  public init() { inflater = Inflater() }

  /// Bytes received that are not yet part of a frame.
  public var pending: Int { bytes.readableBytes }

  public mutating func feed(_ more: ByteBuffer) {
    if bytes.readableBytes == 0 {
      bytes = more  // the common case: whole frames, no copy
    } else {
      bytes.discardReadBytes()
      bytes.writeImmutableBuffer(more)
    }
  }

  /// The next whole frame, or `nil` when more bytes are needed.
  public mutating func next() throws(WireError) -> Frame? {
    while true {
      switch try step() {
      case .insufficient: return nil
      case .again: continue
      case .frame(let frame): return frame
      }
    }
  }

  private mutating func step() throws(WireError) -> Step {
    switch state {
    case .failed(let error):
      throw error
    case .header:
      guard let header = bytes.readFrameHeader() else { return .insufficient }
      guard header.length <= UInt32(WireLimits.maximumPayload) else {
        throw fail(
          WireError(.frameTooLong, "a frame of \(header.length) bytes; at most \(WireLimits.maximumPayload) are allowed"))
      }
      state = .payload(header)
      return .again
    case .payload(let header):
      guard var payload = bytes.readSlice(length: Int(header.length)) else { return .insufficient }
      if header.flags.contains(.deflated) {
        do {
          payload = try inflater.inflate(payload, limit: WireLimits.maximumPayload)
        } catch {
          throw fail(error)
        }
      }
      state = .header
      return .frame(
        Frame(
          node: header.node, stream: header.stream, rawKind: header.kind,
          flags: header.flags.subtracting(.deflated), payload: payload))
    }
  }

  private mutating func fail(_ error: WireError) -> WireError {
    state = .failed(error)
    bytes.clear()
    return error
  }
}

extension ByteBuffer {
  /// Reads a header if all of its bytes are there.
  public mutating func readFrameHeader() -> FrameHeader? {
    guard readableBytes >= WireLimits.headerSize,
      let (length, node, stream, kind, flags, _) = readMultipleIntegers(
        as: (UInt32, UInt32, UInt32, UInt8, UInt8, UInt16).self)
    else { return nil }
    return FrameHeader(
      length: length, node: node, stream: stream, kind: kind, flags: FrameFlags(rawValue: flags))
  }

  public mutating func writeFrameHeader(_ header: FrameHeader) {
    writeMultipleIntegers(
      header.length, header.node, header.stream, header.kind, header.flags.rawValue, UInt16(0))
  }
}
