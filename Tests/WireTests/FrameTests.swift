import NIOCore
import Testing

@testable import Wire

/// How a receiver may get its bytes: the frames must come out the same.
enum Feeding: String, CaseIterable, Sendable {
  case whole, byteByByte, joinedWithTheNext

  func frames(of bytes: [UInt8]) throws -> [Frame] {
    var decoder = FrameDecoder()
    var out: [Frame] = []
    switch self {
    case .whole: decoder.feed(ByteBuffer(bytes: bytes))
    case .byteByByte:
      for byte in bytes {
        decoder.feed(ByteBuffer(integer: byte))
        while let frame = try decoder.next() { out.append(frame) }
      }
    case .joinedWithTheNext:
      let middle = bytes.count / 3
      decoder.feed(ByteBuffer(bytes: bytes[..<middle]))
      while let frame = try decoder.next() { out.append(frame) }
      decoder.feed(ByteBuffer(bytes: bytes[middle...]))
    }
    while let frame = try decoder.next() { out.append(frame) }
    #expect(decoder.pending == 0)
    return out
  }
}

private func encoded(_ frames: [Frame], deflate: Bool) -> [UInt8] {
  var encoder = FrameEncoder(deflate: deflate)
  var out = ByteBuffer()
  for frame in frames { encoder.encode(frame, into: &out) }
  return Array(out.readableBytesView)
}

private let samples: [Frame] = [
  Frame(.hello, payload: ByteBuffer(string: #"{"mitogen":1}"#)),
  Frame(.request, node: 7, stream: 3, priority: .call, more: true, payload: ByteBuffer(repeating: 65, count: 5000)),
  Frame(.request, node: 7, stream: 3, priority: .call, payload: ByteBuffer(string: String(repeating: "abc ", count: 400))),
  Frame(.end, node: .max, stream: .max, priority: .file),
  Frame(.data, node: 1, stream: 9, priority: .file, payload: ByteBuffer(repeating: 1, count: WireLimits.maximumPayload)),
  Frame(.data, node: 1, stream: 9, priority: .call, payload: ByteBuffer(bytes: (0..<120_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) })),
]

@Suite struct FrameRoundTrips {
  @Test(arguments: Feeding.allCases, [false, true])
  func framesComeOutAsTheyWentIn(feeding: Feeding, deflate: Bool) throws {
    #expect(try feeding.frames(of: encoded(samples, deflate: deflate)) == samples)
  }

  @Test func aDeflateStreamRemembersEarlierFrames() {
    var random = SplitMix(seed: 1)
    let bytes = (0..<1000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    let call = Frame(.request, node: 1, stream: 1, priority: .call, payload: ByteBuffer(bytes: bytes))
    let one = encoded([call], deflate: true).count
    let two = encoded([call, call], deflate: true).count
    #expect(two - one < 100)
  }

  @Test func filesAndBlobsStayOutOfTheDeflateStream() {
    let bytes = ByteBuffer(repeating: 0, count: 1000)
    let file = Frame(.data, node: 1, stream: 1, priority: .file, payload: bytes)
    let blobs = Frame(.blobs, node: 1, stream: 1, priority: .call, payload: bytes)
    #expect(encoded([file, blobs], deflate: true).count == 2 * (1000 + WireLimits.headerSize))
  }

  @Test(arguments: [1_000, 65_536])
  func aLongPieceOfAFileIsWrittenBehindItsHeader(bytes: Int) {
    let file = Frame(.data, node: 1, stream: 1, priority: .file, payload: ByteBuffer(repeating: 7, count: bytes))
    var encoder = FrameEncoder(deflate: true)
    var out = ByteBuffer()
    let apart = encoder.encode(file, headerInto: &out)
    #expect((apart == nil) == (bytes == 1_000))
    if let apart { out.writeImmutableBuffer(apart) }
    #expect(Array(out.readableBytesView) == encoded([file], deflate: true))
  }
}

@Suite struct FrameRefusals {
  @Test func aLongFrameIsRefusedBeforeItsPayloadIsThere() {
    var header = ByteBuffer()
    header.writeFrameHeader(FrameHeader(length: .max, node: 1, stream: 1, kind: 18, flags: []))
    var decoder = FrameDecoder()
    decoder.feed(header)
    #expect(throws: WireError.self) { try decoder.next() }
    // And for good: what follows is not a frame.
    decoder.feed(ByteBuffer(repeating: 0, count: 64))
    #expect(throws: WireError.self) { try decoder.next() }
  }

  @Test func aFrameThatInflatesTooFarIsRefused() {
    let deflater = Deflater()
    var piece = deflater.deflate(ByteBuffer(repeating: 0, count: 10_000_000))
    var bytes = ByteBuffer()
    bytes.writeFrameHeader(
      FrameHeader(length: UInt32(piece.readableBytes), node: 1, stream: 1, kind: 17, flags: .deflated))
    bytes.writeBuffer(&piece)
    var decoder = FrameDecoder()
    decoder.feed(bytes)
    #expect { try decoder.next() } throws: { ($0 as? WireError)?.code == .inflatedTooLong }
  }

  @Test func damagedDeflateIsRefused() {
    var bytes = ByteBuffer()
    bytes.writeFrameHeader(FrameHeader(length: 4, node: 1, stream: 1, kind: 17, flags: .deflated))
    bytes.writeBytes([0xde, 0xad, 0xbe, 0xef])
    var decoder = FrameDecoder()
    decoder.feed(bytes)
    #expect { try decoder.next() } throws: { ($0 as? WireError)?.code == .inflateFailed }
  }
}

@Suite struct PartsTests {
  @Test(arguments: [[], [""], ["a"], ["header", "", "rest"]])
  func partsComeOutAsTheyWentIn(parts: [String]) throws {
    let buffers = parts.map { ByteBuffer(string: $0) }
    #expect(try Parts.decode(Parts.encode(buffers)) == buffers)
  }

  @Test(arguments: [
    [], [0], [0, 1], [0, 1, 0, 0, 0], [0, 1, 0, 0, 0, 2, 65], [0, 1, 0, 0, 0, 1, 65, 66], [255, 255],
    [0, 2, 255, 255, 255, 255, 255, 255, 255, 255],
  ] as [[UInt8]])
  func damagedPartsAreRefused(bytes: [UInt8]) {
    #expect(throws: WireError.self) { try Parts.decode(ByteBuffer(bytes: bytes)) }
  }
}

/// A million inputs made from good ones by small damage: no trap, no frame over the limit.
@Suite struct MutatedFrames {
  @Test func aMillionDamagedInputsNeitherTrapNorGrow() {
    let seeds = [true, false].map { encoded(Array(samples.prefix(3)), deflate: $0) }
    var random = SplitMix(seed: 20_260_101)
    var accepted = 0
    for turn in 0..<1_000_000 {
      var bytes = seeds[turn & 1]
      let end = min(bytes.count, 16 + Int(random.next() % 200))
      bytes.removeSubrange(end...)
      for _ in 0...(random.next() % 3) { bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next()) }
      var decoder = FrameDecoder()
      decoder.feed(ByteBuffer(bytes: bytes))
      while let frame = try? decoder.next() {
        accepted += 1
        if frame.payload.readableBytes > WireLimits.maximumPayload { Issue.record("a payload over the limit") }
        if frame.knownKind == .request { _ = try? Parts.decode(frame.payload) }
      }
    }
    #expect(accepted > 0)
  }
}

/// A small generator with a known seed, so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
