import NIOCore

/// The payload of REQUEST and REPLY: a list of byte strings, their lengths first, so that a part is a slice.
public enum Parts {
  public static func encode(_ parts: [ByteBuffer]) -> ByteBuffer {
    var out = ByteBuffer()
    out.reserveCapacity(2 + parts.reduce(0) { $0 + 4 + $1.readableBytes })
    out.writeInteger(UInt16(parts.count))
    for part in parts { out.writeInteger(UInt32(part.readableBytes)) }
    for part in parts { out.writeImmutableBuffer(part) }
    return out
  }

  public static func encode(_ parts: ByteBuffer...) -> ByteBuffer { encode(parts) }

  /// Slices of `payload`, nothing copied. The lengths must use up the payload exactly.
  public static func decode(_ payload: ByteBuffer) throws(WireError) -> [ByteBuffer] {
    var rest = payload
    guard let count = rest.readInteger(as: UInt16.self), rest.readableBytes >= 4 * Int(count) else {
      throw WireError(.malformed, "a message shorter than its table of parts")
    }
    var lengths: [Int] = []
    lengths.reserveCapacity(Int(count))
    for _ in 0..<count {
      lengths.append(Int(rest.readInteger(as: UInt32.self)!))  // the table was measured above
    }
    guard lengths.reduce(0, +) == rest.readableBytes else {
      throw WireError(.malformed, "a message whose parts do not add up to its length")
    }
    return lengths.map { rest.readSlice(length: $0)! }  // the sum was checked above
  }
}
