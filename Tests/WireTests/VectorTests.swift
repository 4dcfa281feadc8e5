import FoundationEssentials
import NIOCore
import Testing

@testable import Wire

/// The vectors of `Tests/Vectors/wire`, which the Python tests read too.
enum Vectors {
  static func load<T: Decodable>(_ name: String) throws -> [T] {
    let path = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
    let data = try Data(contentsOf: URL(filePath: "/\(path)/Vectors/wire/\(name).json"))
    return try JSONDecoder().decode([T].self, from: data)
  }

  static func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex.utf8).map { $0 < 0x3a ? $0 - 0x30 : $0 - 0x57 }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }
}

private struct Fill: Decodable, Sendable {
  var byte: UInt8
  var count: Int

  init(from decoder: any Decoder) throws {
    var c = try decoder.unkeyedContainer()
    byte = Vectors.bytes(try c.decode(String.self))[0]
    count = try c.decode(Int.self)
  }

  var bytes: [UInt8] { [UInt8](repeating: byte, count: count) }
}

private struct ExpectedFrame: Decodable, Sendable {
  var node: UInt32, stream: UInt32, kind: UInt8, flags: UInt8
  var payload_hex: String?
  var payload_fill: Fill?

  var frame: Frame {
    let payload = payload_fill?.bytes ?? Vectors.bytes(payload_hex ?? "")
    return Frame(
      node: node, stream: stream, rawKind: kind, flags: FrameFlags(rawValue: flags), payload: ByteBuffer(bytes: payload))
  }
}

private struct FrameVector: Decodable, Sendable {
  var name: String, hex: String
  var frames: [ExpectedFrame]
  var rest: Int?
  var fill: Fill?
  var error: String?
}

private struct EncodeVector: Decodable, Sendable {
  var name: String, hex: String, payload_hex: String
  var node: UInt32, stream: UInt32, kind: UInt8, flags: UInt8
}

private struct BundleVector: Decodable, Sendable {
  struct Entry: Decodable { var hash: String, payload_hex: String }
  var name: String, hex: String
  var entries: [Entry]?
  var write: [Int]?
}

private struct PartsVector: Decodable, Sendable {
  var name: String, hex: String
  var parts: [String]?
  var error: String?
}

@Suite struct SharedVectors {
  @Test(arguments: [1, 7, Int.max])
  func framesAreReadAsTheVectorsSay(step: Int) throws {
    let vectors: [FrameVector] = try Vectors.load("frames")
    #expect(!vectors.isEmpty)
    for vector in vectors {
      let bytes = Vectors.bytes(vector.hex) + (vector.fill?.bytes ?? [])
      var decoder = FrameDecoder()
      var seen: [Frame] = []
      var failure: WireError?
      var at = 0
      while at < bytes.count, failure == nil {
        let end = step > bytes.count ? bytes.count : min(at + step, bytes.count)
        decoder.feed(ByteBuffer(bytes: bytes[at..<end]))
        at = end
        do throws(WireError) {
          while let frame = try decoder.next() { seen.append(frame) }
        } catch {
          failure = error
        }
      }
      #expect(seen == vector.frames.map(\.frame), "\(vector.name)")
      #expect(failure?.code.rawValue == vector.error, "\(vector.name)")
      if let rest = vector.rest, failure == nil { #expect(rest > 0, "\(vector.name)") }
    }
  }

  @Test func framesAreWrittenAsTheVectorsSay() throws {
    let vectors: [EncodeVector] = try Vectors.load("encode")
    for vector in vectors {
      var encoder = FrameEncoder(deflate: false)
      var out = ByteBuffer()
      encoder.encode(
        Frame(
          node: vector.node, stream: vector.stream, rawKind: vector.kind, flags: FrameFlags(rawValue: vector.flags),
          payload: ByteBuffer(bytes: Vectors.bytes(vector.payload_hex))), into: &out)
      #expect(Array(out.readableBytesView) == Vectors.bytes(vector.hex), "\(vector.name)")
    }
  }

  @Test func bundlesAreWrittenAsTheVectorsSay() throws {
    let vectors = try (Vectors.load("bundles") as [BundleVector]).filter { $0.write != nil }
    #expect(vectors.count >= 4)
    for vector in vectors {
      let entries = zip(vector.entries ?? [], vector.write ?? []).map { entry, refers in
        Bundle.Entry(name: Vectors.bytes(entry.hash), bytes: Vectors.bytes(entry.payload_hex), refers: refers == 1)
      }
      #expect(Array(Bundle(entries).encoded(.raw).readableBytesView) == Vectors.bytes(vector.hex), "\(vector.name)")
    }
  }

  /// Python reads them in Tests/Agent; here only that what was said of sizes is so.
  @Test func compressedBundlesSayHow() {
    let text = Array(String(repeating: "def f(a, b):\n return a + b\n", count: 2_000).utf8)
    let bundle = Bundle([Bundle.Entry(name: [UInt8](repeating: 7, count: 32), bytes: text)])
    for encoding in [BundleEncoding.raw, .zlib, .lzma] {
      let message = Array(bundle.encoded(encoding).readableBytesView)
      #expect(message.first == encoding.rawValue)
      #expect(encoding == .raw ? message.count == bundle.size + 1 : message.count < 400)
    }
    var random = SystemRandomNumberGenerator()
    let noise = (0..<100_000).map { _ in UInt8.random(in: 0...255, using: &random) }
    #expect(LzmaBuffer.compress(noise).count < 102_000)
    #expect(LzmaBuffer.compress([]).count < 64)
  }

  @Test func partsAreReadAsTheVectorsSay() throws {
    let vectors: [PartsVector] = try Vectors.load("parts")
    for vector in vectors {
      let payload = ByteBuffer(bytes: Vectors.bytes(vector.hex))
      if let parts = vector.parts {
        #expect(try Parts.decode(payload).map { Array($0.readableBytesView) } == parts.map(Vectors.bytes), "\(vector.name)")
      } else {
        #expect(throws: WireError.self, "\(vector.name)") { try Parts.decode(payload) }
      }
    }
  }
}
