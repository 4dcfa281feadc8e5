import Crypto
import NIOCore

/// The SHA-256 of content that comes in pieces: both ends of a transfer compute it on the way, and compare.
package struct ContentSum: Sendable {
  private var sum = SHA256()

  package init() {}

  package init(of content: ByteBuffer) { add(content) }

  package mutating func add(_ piece: ByteBuffer) {
    piece.withUnsafeReadableBytes { sum.update(bufferPointer: $0) }
  }

  /// 32 bytes.
  package var bytes: [UInt8] { Array(sum.finalize()) }

  /// 64 lower-case digits.
  package var hex: String {
    bytes.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
  }
}
