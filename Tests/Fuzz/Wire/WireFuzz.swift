import Glibc
import NIOCore
import Wire

/// Feeds the decoders damaged input for as long as it is told: `WireFuzz [SECONDS] [SEED]`.
///
/// Input is made from good frames by flipping, cutting, repeating and splicing; a trap ends the program, and the seed
/// that it printed repeats it. The test suite runs a million inputs of the simpler kind.
@main
struct WireFuzz {
  static func main() {
    let arguments = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
    let seconds = arguments.first ?? 60
    var random = Generator(state: arguments.dropFirst().first ?? UInt64(time(nil)))
    print("seed \(random.state)")
    var corpus = seeds()
    let end = time(nil) + Int(seconds)
    var inputs = 0
    var frames = 0
    while time(nil) < end {
      for _ in 0..<1000 {
        inputs += 1
        let input = mutate(corpus[Int(random.next() % UInt64(corpus.count))], &random)
        let seen = feed(input, &random)
        frames += seen
        // What still decodes leads further than what does not.
        if seen > 2, corpus.count < 500 { corpus.append(input) }
      }
    }
    print("\(inputs) inputs, \(frames) frames, \(corpus.count) kept")
  }

  private static func seeds() -> [[UInt8]] {
    [true, false].map { deflate in
      var encoder = FrameEncoder(deflate: deflate)
      var out = ByteBuffer()
      let parts = Parts.encode(ByteBuffer(string: #"{"op":"run"}"#), ByteBuffer(), ByteBuffer(repeating: 9, count: 300))
      encoder.encode(Frame(.hello, payload: ByteBuffer(string: #"{"mitogen":1,"features":[]}"#)), into: &out)
      encoder.encode(Frame(.request, node: 1, stream: 1, priority: .call, payload: parts), into: &out)
      encoder.encode(Frame(.data, node: 1, stream: 1, priority: .file, payload: ByteBuffer(repeating: 1, count: 500)), into: &out)
      return Array(out.readableBytesView)
    }
  }

  private static func feed(_ input: [UInt8], _ random: inout Generator) -> Int {
    var decoder = FrameDecoder()
    var seen = 0
    var at = 0
    while at < input.count {
      let end = min(input.count, at + 1 + Int(random.next() % 600))
      decoder.feed(ByteBuffer(bytes: input[at..<end]))
      at = end
      do {
        while let frame = try decoder.next() {
          seen += 1
          guard frame.payload.readableBytes <= WireLimits.maximumPayload else { fatalError("a payload over the limit") }
          _ = try? Parts.decode(frame.payload)
          _ = try? WireJSON.decode(NodeHello.self, from: frame.payload)
        }
      } catch {
        return seen
      }
    }
    return seen
  }

  private static func mutate(_ input: [UInt8], _ random: inout Generator) -> [UInt8] {
    var bytes = input
    for _ in 0...(random.next() % 4) where !bytes.isEmpty {
      let at = Int(random.next() % UInt64(bytes.count))
      switch random.next() % 5 {
      case 0: bytes[at] = UInt8(truncatingIfNeeded: random.next())
      case 1: bytes[at] ^= 1 << (random.next() % 8)
      case 2: bytes.removeSubrange(at...)
      case 3: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 40)], at: at)
      default: bytes.remove(at: at)
      }
    }
    return bytes
  }

  struct Generator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
  }
}
