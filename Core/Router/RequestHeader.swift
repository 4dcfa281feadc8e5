import Modules
import NIOCore
import Wire

/// Part 0 of a client's request. The same bytes come again with every task of a kind, so each form is decoded once.
struct RequestHeader: Decodable, Sendable {
  enum Operation: String, Decodable, Sendable {
    case run, exec, put, get, tmp, remove, node, place, reset, vacate, status, catalogue, recognise
  }

  /// Parts of the agent.
  enum Through: String, Decodable, Sendable {
    /// The module goes on by itself after the answer.
    case job
    /// Several runs of the module, one after the other.
    case batch
  }

  var op: Operation
  /// Parts that follow with the hops of the route.
  var hops: Int
  /// A node that is open, in place of a route.
  var node: UInt32?
  var module: ModuleRequest?
  /// What stands between the executor and the module of a `run`.
  var through: Through?
  /// A file of the controller that the router reads, for `put`.
  var source: String?
  /// A file of the controller that the router writes, for `get`.
  var destination: String?

  private enum CodingKeys: String, CodingKey { case op, hops, node, module, through, source, destination }

  init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    op = try c.decode(Operation.self, forKey: .op)
    hops = try c.decodeIfPresent(Int.self, forKey: .hops) ?? 0
    node = try c.decodeIfPresent(UInt32.self, forKey: .node)
    module = try c.decodeIfPresent(ModuleRequest.self, forKey: .module)
    through = try c.decodeIfPresent(Through.self, forKey: .through)
    source = try c.decodeIfPresent(String.self, forKey: .source)
    destination = try c.decodeIfPresent(String.self, forKey: .destination)
  }
}

/// Decoded headers by their bytes. Bounded: names of files are in the headers of transfers.
struct HeaderCache {
  private static let limit = 4096
  private var known: [ByteBuffer: RequestHeader] = [:]

  mutating func header(_ bytes: ByteBuffer) throws(WireError) -> RequestHeader {
    if let header = known[bytes] { return header }
    let header = try WireJSON.decode(RequestHeader.self, from: bytes)
    if known.count >= Self.limit { known.removeAll(keepingCapacity: true) }
    known[bytes] = header
    return header
  }
}

/// A client's request, taken apart without copying.
struct ClientRequest {
  let headerBytes: ByteBuffer
  let header: RequestHeader
  /// The hops' bytes, each.
  let hops: [ByteBuffer]
  /// For each hop, the bytes of the route up to it: the node's key.
  let keys: [ByteBuffer]
  /// What follows the hops.
  let rest: [ByteBuffer]

  init(_ message: ByteBuffer, headers: inout HeaderCache) throws(WireError) {
    let parts = try Parts.decode(message)
    guard let first = parts.first else { throw WireError(.malformed, "a request without a header") }
    headerBytes = first
    header = try headers.header(first)
    guard header.hops >= 0, header.hops < parts.count else {
      throw WireError(.malformed, "a request with \(parts.count) parts and \(header.hops) hops")
    }
    hops = Array(parts[1..<(1 + header.hops)])
    rest = Array(parts[(1 + header.hops)...])
    // The hops lie one behind the other in the message, and each is a JSON object, which says where it ends: so
    // the bytes up to a hop name its node, and no two routes share them.
    let start = message.readerIndex + 2 + 4 * parts.count + first.readableBytes
    var length = 0
    var keys: [ByteBuffer] = []
    for hop in hops {
      length += hop.readableBytes
      // In bounds: the parts were cut from this message.
      keys.append(message.getSlice(at: start, length: length)!)
    }
    self.keys = keys
  }

  func part(_ index: Int) -> ByteBuffer { index < rest.count ? rest[index] : ByteBuffer() }
}
