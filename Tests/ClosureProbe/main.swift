// Puts Core/Modules behind a pipe, for tests that compare it with Python and with Ansible: one JSON request a line
// on stdin, one JSON answer a line on stdout.
import FoundationEssentials
import Glibc
import Modules
import Plans

struct Request: Decodable {
  /// "strip", "hashes" or "prepare"
  var op: String
  var path: String?
  /// Where "strip" writes.
  var to: String?
  /// Of "prepare".
  var module: ModuleRequest?
  /// "prepare" forgets what earlier requests have read.
  var fresh: Bool?
}

/// Takes every module for one that imports Python: which runner takes it is another test's question.
struct EveryModule: ModuleRecogniser {
  let name = "new-style"
  let precedence = 0
  func recognises(source: [UInt8], path: String) -> Bool { true }
  func plan(source: [UInt8], path: String) -> RunPlan { RunPlan(closure: .python) }
  func half() -> [UInt8] { Array("# half\n".utf8) }
}

struct Prepared: Encodable {
  var program: String
  var blobs: [String]
  var bytes: Int
  var deprecations: [String]
  var microseconds: Double
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
    let stripped = PythonSource.strip(source)
    try Data(stripped).write(to: URL(filePath: request.to ?? ""))
    return ["before": source.count, "after": stripped.count]
  case "hashes":
    let source = [UInt8](try Data(contentsOf: URL(filePath: request.path ?? "")))
    return ["raw": Blob(source).hash.hex, "stripped": Blob(PythonSource.strip(source)).hash.hex]
  case "prepare":
    guard let module = request.module else { return Failed(error: "no module") }
    if request.fresh == true { store = ModuleStore(recognisers: [EveryModule()]) }
    var prepared: PreparedModule?
    let time = try ContinuousClock().measure { prepared = try store.prepare(module) }
    guard let prepared else { return Failed(error: "nothing prepared") }
    return Prepared(
      program: String(decoding: prepared.program.bytes, as: UTF8.self), blobs: prepared.blobs.map(\.hash.hex),
      bytes: prepared.blobs.reduce(0) { $0 + $1.bytes.count }, deprecations: prepared.deprecations,
      microseconds: Double(time.components.attoseconds) / 1e12 + Double(time.components.seconds) * 1e6)
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
