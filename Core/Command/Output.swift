import Glibc

/// What the command prints.
enum Output {
  /// Writes all of it, whatever the descriptor is.
  static func write(_ bytes: [UInt8], to descriptor: Int32 = STDOUT_FILENO) {
    _ = isWritten(bytes, to: descriptor)
  }

  /// Writes all of it. False where nobody reads any more: what was not written is lost.
  static func isWritten(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  static func table(_ head: [String], _ rows: [[String]]) {
    let all = [head] + rows
    let widths = head.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    for row in all {
      let cells = zip(row, widths).map { $0 + String(repeating: " ", count: max($1 - $0.count, 0)) }
      var line = cells.joined(separator: "  ")
      while line.hasSuffix(" ") { line.removeLast() }
      print(line)
    }
  }
}
