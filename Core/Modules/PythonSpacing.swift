/// Which blanks may be cut from a source: a logical line keeps one space for each level, the lines that
/// continue it keep nothing. Columns mean nothing else to Python. In dense source also the blanks within lines, where the
/// tokens beside them do not run together.
struct PythonSpacing {
  private let source: UnsafeBufferPointer<UInt8>
  private var found: [PythonScan.Cut] = []
  /// The columns of the open suites, the module's own first.
  private var columns = [0]
  /// Something here is not as it is in ordinary source: nothing is cut.
  private var isStrange = false
  private let isDense: Bool
  private var previous: PythonLexer.Token?

  init(_ source: UnsafeBufferPointer<UInt8>, isDense: Bool) {
    self.source = source
    self.isDense = isDense
  }

  /// In the order of the source.
  var cuts: [PythonScan.Cut] { isStrange ? [] : found }

  /// The next token that is no comment. `column` and `lineStart` are its logical line's.
  mutating func reached(_ token: PythonLexer.Token, beginsLine: Bool, column: Int, lineStart: Int) {
    guard token.kind != .newline, token.kind != .end else { return }
    defer { previous = token }
    var start = token.start
    while start > 0, isBlank(source[start - 1]) { start -= 1 }
    if !beginsLine {
      guard start < token.start, start > 0 else { return }
      let isFirst = source[start - 1] == Byte.newline || source[start - 1] == Byte.carriageReturn
      if isFirst || isDense && mayTouch(token, blanksFrom: start) {
        found.append(PythonScan.Cut(start: start, end: token.start))
      }
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

  /// Whether the token is told from the one before it without the blanks between them.
  private func mayTouch(_ token: PythonLexer.Token, blanksFrom start: Int) -> Bool {
    guard let previous, previous.end == start else { return false }
    // A string may have a prefix, and a number take a dot for its own. No two operators that follow each other in a
    // program make a third.
    guard previous.kind == .op || token.kind == .op else { return false }
    return source[start - 1] != Byte.dot && source[token.start] != Byte.dot
  }

  private func isBlank(_ c: UInt8) -> Bool { c == Byte.space || c == Byte.tab || c == Byte.formFeed }
}
