import CZlib
import NIOCore

/// What a sync flush ends every piece with; left out on the wire and put back by the receiver.
private let syncTail: [UInt8] = [0x00, 0x00, 0xff, 0xff]

/// The stream's window, in bits: a node has two streams for as long as it lives, and messages are small. With zlib's 15
/// and a memory level of 8 its two states take 300 KB, with these 45 KB.
private let windowBits: Int32 = 12
private let memoryLevel: Int32 = 5

/// One direction of a link's raw deflate stream, sending side.
final class Deflater {
  /// On the heap: zlib keeps the address of its stream and refuses one that has moved.
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

  init() {
    stream.initialize(to: z_stream())
    // Level 6 measured no slower than 1 on frames of a few hundred bytes, where the flush dominates.
    let rc = deflateInit2_(
      stream, 6, Z_DEFLATED, -windowBits, memoryLevel, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    precondition(rc == Z_OK, "zlib cannot allocate a deflate stream")
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  /// The next piece of the stream, without the sync tail.
  func deflate(_ payload: ByteBuffer) -> ByteBuffer {
    let bound = Int(deflateBound(stream, UInt(payload.readableBytes))) + 16
    var out = ByteBuffer()
    payload.withUnsafeReadableBytes { input in
      stream.pointee.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
      stream.pointee.avail_in = UInt32(input.count)
      out.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { space in
        stream.pointee.next_out = space.bindMemory(to: UInt8.self).baseAddress
        stream.pointee.avail_out = UInt32(space.count)
        let rc = CZlib.deflate(stream, Z_SYNC_FLUSH)
        precondition(rc == Z_OK && stream.pointee.avail_in == 0, "zlib refused valid input")
        return space.count - Int(stream.pointee.avail_out)
      }
      stream.pointee.next_in = nil
    }
    out.moveWriterIndex(to: out.writerIndex - syncTail.count)
    return out
  }
}

/// One direction of a link's raw deflate stream, receiving side.
final class Inflater {
  /// Made at the first deflated frame: many links never carry one.
  private var made: UnsafeMutablePointer<z_stream>?

  deinit {
    guard let made else { return }
    inflateEnd(made)
    made.deallocate()
  }

  /// Inflates the next piece. Output beyond `limit` bytes is refused before it is produced.
  func inflate(_ piece: ByteBuffer, limit: Int) throws(WireError) -> ByteBuffer {
    let stream = makeStream()
    var input = piece
    input.writeBytes(syncTail)
    var out = ByteBuffer()
    var consumed = 0
    while true {
      let room = limit + 1 - out.readableBytes
      var rc = Z_OK
      var offered = 0
      input.withUnsafeReadableBytes { bytes in
        let rest = bytes[consumed...]
        stream.pointee.next_in = UnsafeMutablePointer(mutating: rest.bindMemory(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = UInt32(rest.count)
        let chunk = min(room, max(4096, rest.count * 4))
        out.writeWithUnsafeMutableBytes(minimumWritableBytes: chunk) { space in
          offered = min(space.count, room)
          stream.pointee.next_out = space.bindMemory(to: UInt8.self).baseAddress
          stream.pointee.avail_out = UInt32(offered)
          rc = CZlib.inflate(stream, Z_SYNC_FLUSH)
          return offered - Int(stream.pointee.avail_out)
        }
        consumed += rest.count - Int(stream.pointee.avail_in)
        stream.pointee.next_in = nil
      }
      if out.readableBytes > limit {
        throw WireError(.inflatedTooLong, "a frame that inflates to more than \(limit) bytes")
      }
      switch rc {
      case Z_OK, Z_BUF_ERROR:
        if consumed == input.readableBytes && stream.pointee.avail_out > 0 { return out }
        if rc == Z_BUF_ERROR && stream.pointee.avail_out > 0 {
          throw WireError(.inflateFailed, "the link's deflate stream ends within a frame")
        }
      default:
        // Also Z_STREAM_END: a sender never ends the stream.
        throw WireError(.inflateFailed, "the link's deflate stream is damaged (zlib \(rc))")
      }
    }
  }

  private func makeStream() -> UnsafeMutablePointer<z_stream> {
    if let made { return made }
    let fresh = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    fresh.initialize(to: z_stream())
    let rc = inflateInit2_(fresh, -windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    precondition(rc == Z_OK, "zlib cannot allocate an inflate stream")
    made = fresh
    return fresh
  }
}

/// Whole-buffer zlib (RFC 1950), for bundles of blobs and the agent's core.
public enum ZlibBuffer {
  /// - Parameter level: 1 to 9.
  public static func compress(_ bytes: some Collection<UInt8>, level: Int32) -> [UInt8] {
    let input = ContiguousArray(bytes)
    let bound = compressBound(UInt(input.count))
    return [UInt8](unsafeUninitializedCapacity: Int(bound)) { space, count in
      var produced = bound
      let rc = input.withUnsafeBufferPointer {
        compress2(space.baseAddress, &produced, $0.baseAddress, UInt($0.count), level)
      }
      precondition(rc == Z_OK, "zlib refused valid input")
      count = Int(produced)
    }
  }
}
