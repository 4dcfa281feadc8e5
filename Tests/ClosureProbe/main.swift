// Puts Core/Modules behind a pipe, for tests that compare it with Python and with Ansible: one JSON request a line
// on stdin, one JSON answer a line on stdout.
import Agent
import FoundationEssentials
import Glibc
import Modules
import NIOCore
import Plans
import Routing
import Wire

struct Request: Decodable {
  /// "strip", "hashes", "prepare" or "flight"
  var op: String
  var path: String?
  /// Where "strip" writes.
  var to: String?
  /// Of "strip" and "hashes": the source is a module's.
  var isModule: Bool?
  /// Of "prepare".
  var module: ModuleRequest?
  /// Of "strip": without blanks within lines.
  var isDense: Bool?
  /// Of "flight": the files of the runner's Python half, in their order.
  var half: [String]?
  /// "prepare" forgets what earlier requests have read.
  var fresh: Bool?
}

/// Takes every module for one that imports Python: which runner takes it is another test's question.
struct EveryModule: ModuleRecogniser {
  let name = "new-style"
  let precedence = 0
  var source = Array("# half\n".utf8)
  func recognises(source: [UInt8], path: String) -> Bool { true }
  func plan(source: [UInt8], path: String) -> RunPlan { RunPlan(closure: .python) }
  func half() -> [UInt8] { source }
}

struct Prepared: Encodable {
  var program: String
  var blobs: [String]
  var bytes: Int
  var deprecations: [String]
  var microseconds: Double
}

/// What the router sends to a node before it has heard from it, for one call: bytes on the wire.
struct Flight: Encodable {
  var core: Int
  var hello: Int
  /// The blobs that the call waits for, in LZMA; `zlib` is the same for nodes that lack it.
  var bundle: Int
  var zlib: Int
  var total: Int { core + hello + bundle }
  /// Behind the call.
  var late: Int
  /// Of the program's files.
  var blobs: Int
  var bytes: Int
  var prepareMilliseconds: Double
  var lzmaMilliseconds: Double
  var zlibMilliseconds: Double
}

func flight(_ module: ModuleRequest, half: [UInt8]) throws -> Flight {
  func entries(_ blobs: [Blob]) -> [Bundle.Entry] { blobs.map { Bundle.Entry(name: $0.hash.bytes, bytes: $0.bytes) } }
  func wire(_ message: ByteBuffer) -> Int {
    MessageCutter.cut(message, kind: .blobs, node: 1, stream: 1, priority: .call)
      .reduce(0) { $0 + WireLimits.headerSize + $1.payload.readableBytes }
  }
  func milliseconds(_ work: () throws -> Void) rethrows -> Double {
    let time = try ContinuousClock().measure(work).components
    return Double(time.attoseconds) / 1e15 + Double(time.seconds) * 1e3
  }
  let store = ModuleStore(recognisers: [EveryModule(source: half)])
  var prepared: PreparedModule?
  let preparing = try milliseconds { prepared = try store.prepare(module) }
  guard let prepared else { throw POSIXError(.ENOENT) }
  let program = Bundle.Entry(name: prepared.program.hash.bytes, bytes: prepared.program.bytes, refers: true)
  let bundle = Bundle(entries(prepared.blobs) + [program])
  var (lzma, zlib) = (ByteBuffer(), ByteBuffer())
  let squeezing = milliseconds { lzma = bundle.encoded(.lzma) }
  let deflating = milliseconds { zlib = bundle.encoded(.zlib) }
  let hello = RouterHello(
    node: 1_000, deflate: true, keepalive: KeepaliveSettings(), log: "warning",
    tidy: Blob([1]).hash.hex, surroundings: Blob([2]).hash.hex)
  return Flight(
    core: ZlibBuffer.compress(PythonSource.assemble(AgentSources.coreFiles), level: 9).count,
    hello: WireLimits.headerSize + WireJSON.encode(hello).readableBytes, bundle: wire(lzma), zlib: wire(zlib),
    late: prepared.late.isEmpty ? 0 : wire(Bundle(entries(prepared.late)).encoded(.zlib)), blobs: prepared.blobs.count,
    bytes: bundle.size, prepareMilliseconds: preparing, lzmaMilliseconds: squeezing, zlibMilliseconds: deflating)
}

nonisolated(unsafe) var store = ModuleStore(recognisers: [EveryModule()])  // one thread

struct Failed: Encodable {
  var error: String
}

func answer(_ line: String) throws -> any Encodable {
  let bytes = Data(line.utf8)
  let request = try JSONDecoder().decode(Request.self, from: bytes)
  switch request.op {
  case "strip":
    let source = [UInt8](try Data(contentsOf: URL(filePath: request.path ?? "")))
    let stripped = PythonSource.strip(source, isModule: request.isModule ?? false, isDense: request.isDense ?? false)
    try Data(stripped).write(to: URL(filePath: request.to ?? ""))
    return ["before": source.count, "after": stripped.count]
  case "hashes":
    let source = [UInt8](try Data(contentsOf: URL(filePath: request.path ?? "")))
    return ["raw": Blob(source).hash.hex, "stripped": Blob(PythonSource.strip(source, isModule: request.isModule ?? false)).hash.hex]
  case "prepare":
    guard let module = request.module else { return Failed(error: "no module") }
    if request.fresh == true { store = ModuleStore(recognisers: [EveryModule()]) }
    var prepared: PreparedModule?
    let time = try ContinuousClock().measure { prepared = try store.prepare(module) }
    guard let prepared else { return Failed(error: "nothing prepared") }
    return Prepared(
      program: String(decoding: prepared.program.bytes, as: UTF8.self), blobs: (prepared.blobs + prepared.late).map(\.hash.hex),
      bytes: prepared.blobs.reduce(0) { $0 + $1.bytes.count }, deprecations: prepared.deprecations,
      microseconds: Double(time.components.attoseconds) / 1e12 + Double(time.components.seconds) * 1e6)
  case "flight":
    guard let module = request.module, let half = request.half else { return Failed(error: "no module or no half") }
    return try flight(module, half: try [UInt8](half.map { try Data(contentsOf: URL(filePath: $0)) }.joined(separator: [0x0a])))
  default:
    return Failed(error: "unknown op \(request.op)")
  }
}

while let line = readLine() {
  let reply: any Encodable
  do {
    reply = try answer(line)
  } catch {
    reply = Failed(error: (error as? ModuleError)?.message ?? "\(error)")
  }
  // Not `print`, which keeps what it writes to a pipe.
  var bytes = [UInt8](try JSONEncoder().encode(reply)) + [UInt8(ascii: "\n")]
  while !bytes.isEmpty {
    let written = write(1, bytes, bytes.count)
    guard written > 0 else { exit(1) }
    bytes.removeFirst(written)
  }
}
