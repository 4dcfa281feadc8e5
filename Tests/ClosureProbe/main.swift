// Puts Core/Modules behind a pipe, for tests that compare it with Python and with Ansible: one JSON request a line
// on stdin, one JSON answer a line on stdout.
import FoundationEssentials
import Glibc
import Modules

struct Request: Decodable {
  /// "strip" or "imports"
  var op: String
  var path: String?
  /// Where "strip" writes.
  var to: String?
}

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
  default:
    return Failed(error: "unknown op \(request.op)")
  }
}

while let line = readLine() {
  let reply: any Encodable
  do {
    reply = try answer(line)
  } catch {
    reply = Failed(error: "\(error)")
  }
  // Not `print`, which keeps what it writes to a pipe.
  var bytes = [UInt8](try JSONEncoder().encode(reply)) + [UInt8(ascii: "\n")]
  while !bytes.isEmpty {
    let written = write(1, bytes, bytes.count)
    guard written > 0 else { exit(1) }
    bytes.removeFirst(written)
  }
}
