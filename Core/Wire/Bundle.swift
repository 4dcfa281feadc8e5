import NIOCore

/// What the payload of BLOBS says of itself in its first byte.
public enum BundleEncoding: UInt8, Sendable {
  case raw = 0
  /// Every Python reads it.
  case zlib = 1
  /// Only for nodes whose HELLO has the feature `lzma`, and for those that have not said HELLO.
  case lzma = 2
}

/// Blobs on their way to a node, as one message (PROTOCOL.md, section 4). The receiver computes their names.
public struct Bundle: Sendable {
  public struct Entry: Sendable {
    /// SHA-256 of the bytes.
    public var name: [UInt8]
    public var bytes: [UInt8]
    /// The bytes are text that names other blobs by their hexadecimal hash: where one of those is in this bundle before it,
    /// five bytes stand for the 64.
    public var refers: Bool

    public init(name: [UInt8], bytes: [UInt8], refers: Bool = false) {
      self.name = name
      self.bytes = bytes
      self.refers = refers
    }
  }

  /// The node's own limit; entries beyond it must go into another bundle.
  public private(set) var size = 0
  private var entries: [Entry] = []

  public init(_ entries: [Entry] = []) {
    for entry in entries { add(entry) }
  }

  public mutating func add(_ entry: Entry) {
    entries.append(entry)
    size += 4 + entry.bytes.count
  }

  /// The message's payload. Not on an event loop if `encoding` is `lzma`.
  public func encoded(_ encoding: BundleEncoding) -> ByteBuffer {
    let plain = plainBytes()
    var message = ByteBuffer(integer: encoding.rawValue)
    switch encoding {
    case .raw: message.writeImmutableBuffer(plain)
    case .zlib: message.writeBytes(ZlibBuffer.compress(plain.readableBytesView, level: 9))
    case .lzma: message.writeBytes(LzmaBuffer.compress(plain.readableBytesView))
    }
    return message
  }

  private func plainBytes() -> ByteBuffer {
    var plain = ByteBuffer()
    plain.reserveCapacity(size)
    var earlier: [ArraySlice<UInt8>: Int] = [:]
    for (index, entry) in entries.enumerated() {
      if entry.refers, let text = Self.referring(entry.bytes, to: earlier) {
        plain.writeInteger(UInt32(text.count) | 1 << 31)
        plain.writeBytes(text)
      } else {
        plain.writeInteger(UInt32(entry.bytes.count))
        plain.writeBytes(entry.bytes)
      }
      // A reference has four digits.
      if index < 10_000 { earlier[Self.hexadecimal(entry.name)[...]] = index }
    }
    return plain
  }

  /// Nil if there is nothing to refer to, or bytes that would be taken for a reference.
  private static func referring(_ bytes: [UInt8], to earlier: [ArraySlice<UInt8>: Int]) -> [UInt8]? {
    guard !bytes.contains(0) else { return nil }
    let quote = UInt8(ascii: "\"")
    var text: [UInt8] = []
    var found = false
    var at = 0
    while at < bytes.count {
      let end = at + 65
      if bytes[at] == quote, end < bytes.count, bytes[end] == quote, let index = earlier[bytes[at + 1..<end]] {
        text.append(quote)
        text.append(0)
        let digits = Array(String(index).utf8)
        text += [UInt8](repeating: UInt8(ascii: "0"), count: 4 - digits.count) + digits
        found = true
        at = end
      } else {
        text.append(bytes[at])
        at += 1
      }
    }
    return found ? text : nil
  }

  private static func hexadecimal(_ name: [UInt8]) -> [UInt8] {
    let digits = Array("0123456789abcdef".utf8)
    return name.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
  }
}
