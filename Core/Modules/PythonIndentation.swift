/// What may be cut from the beginnings of a source's lines: a logical line keeps one space for each level, the lines that
/// continue it keep nothing. Columns mean nothing else to Python.
struct PythonIndentation {
  private let source: UnsafeBufferPointer<UInt8>
  private var found: [PythonScan.Cut] = []
  /// The columns of the open suites, the module's own first.
  private var columns = [0]
  /// Something here is not as it is in ordinary source: nothing is cut.
  private var isStrange = false

  init(_ source: UnsafeBufferPointer<UInt8>) { self.source = source }

  /// In the order of the source.
  var cuts: [PythonScan.Cut] { isStrange ? [] : found }

  /// The next token that is no comment. `column` and `lineStart` are its logical line's.
  mutating func reached(_ token: PythonLexer.Token, beginsLine: Bool, column: Int, lineStart: Int) {
    guard token.kind != .newline, token.kind != .end else { return }
    var start = token.start
    while start > 0, isBlank(source[start - 1]) { start -= 1 }
    if !beginsLine {
      guard start > 0, source[start - 1] == Byte.newline || source[start - 1] == Byte.carriageReturn else { return }
      if start < token.start { found.append(PythonScan.Cut(start: start, end: token.start)) }
      return
    }
    while column < columns[columns.count - 1] { columns.removeLast() }
    if column > columns[columns.count - 1] { columns.append(column) }
    let level = columns.count - 1
    // A line that begins with a continuation; form feeds, which set the column back.
    if start != lineStart || source[start..<token.start].contains(Byte.formFeed) { isStrange = true }
    if token.start - start != level || source[start..<token.start].contains(Byte.tab) {
      found.append(PythonScan.Cut(start: start, end: token.start, spaces: level))
    }
  }

  private func isBlank(_ c: UInt8) -> Bool { c == Byte.space || c == Byte.tab || c == Byte.formFeed }
}
