import Crypto

/// The SHA-256 that names a blob.
public struct BlobHash: Hashable, Sendable, CustomStringConvertible {
  /// 32 bytes.
  public let bytes: [UInt8]

  /// Nil unless there are 32 bytes.
  public init?(bytes: [UInt8]) {
    guard bytes.count == SHA256.byteCount else { return nil }
    self.bytes = bytes
  }

  public init(of content: [UInt8]) {
    bytes = Array(SHA256.hash(data: content))
  }

  /// 64 lower-case digits, as programs and requests write it.
  public var hex: String {
    String(decoding: hexBytes, as: UTF8.self)
  }

  var hexBytes: [UInt8] {
    var digits: [UInt8] = []
    digits.reserveCapacity(2 * bytes.count)
    for byte in bytes {
      for half in [byte >> 4, byte & 15] {
        digits.append(half < 10 ? UInt8(ascii: "0") + half : UInt8(ascii: "a") + half - 10)
      }
    }
    return digits
  }

  public var description: String { hex }
}

/// Immutable bytes with their name.
public struct Blob: Hashable, Sendable {
  public let hash: BlobHash
  public let bytes: [UInt8]

  public init(_ bytes: [UInt8]) {
    self.bytes = bytes
    hash = BlobHash(of: bytes)
  }

  public static func == (a: Blob, b: Blob) -> Bool { a.hash == b.hash }
  public func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}
