import Glibc
import NIOCore

/// Reading of a file of the controller, a piece at a time.
package enum FilePiece {
  /// - Returns: so many bytes, fewer only at the end.
  package static func read(_ descriptor: Int32, upTo size: Int, _ path: String) throws(SystemFailure) -> ByteBuffer {
    var bytes = ByteBuffer()
    while bytes.readableBytes < size {
      var count = 0
      let wanted = size - bytes.readableBytes
      bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { space in
        repeat { count = Glibc.read(descriptor, space.baseAddress, wanted) } while count < 0 && errno == EINTR
        return max(count, 0)
      }
      if count < 0 { throw SystemFailure("read", path) }
      if count == 0 { break }
    }
    return bytes
  }
}
