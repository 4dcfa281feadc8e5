/// One pass over a source: what may be cut from it, and what it imports.
///
/// Like the lexer it reads a borrowed buffer and is made and used inside one `withUnsafeBufferPointer`.
struct PythonScan {
  /// Bytes to be left out. The ends of lines among them stay, so that every statement keeps its line.
  struct Cut {
    var start: Int
    var end: Int
    /// Put in place of the first of them: what a suite needs to stay a suite.
    var replacement: StaticString = ""
    var isDocstring = false
    /// Put in place of what was cut: the indentation of a logical line, one for each level.
    var spaces = 0
  }

  private(set) var imports: [PythonImport] = []
  private(set) var cuts: [Cut] = []

  private var margins: PythonIndentation
  /// Nil for what is no module of Ansible's: only there do these assignments belong to nobody but `ansible-doc`.
  private var documentation: PythonDocumentation?
  private var lexer: PythonLexer
  /// The token that `advance` returned last.
  private var token: PythonLexer.Token
  /// Something here may look at docstrings: a name, or a string that is no docstring, has `__doc__` or `getdoc` in it.
  private var readsDocstrings = false
  /// A docstring was cut, and what follows it decides whether its suite would be left empty.
  private var cutDocstring: (cut: Int, tokenStart: Int, indentation: Int)?

  init(_ source: UnsafeBufferPointer<UInt8>, isModule: Bool) {
    lexer = PythonLexer(source)
    margins = PythonIndentation(source)
    documentation = isModule ? PythonDocumentation(source) : nil
    token = PythonLexer.Token(kind: .newline, start: 0, end: 0)
  }

  mutating func run() throws(PythonLexer.Failure) {
    var expectsDocstring = true
    var isDecorated = false
    var isClass = false
    try advance()
    while token.kind != .end {
      let indentation = lexer.indentation
      closeDocstring(indentation)
      if expectsDocstring, token.kind == .string, token.isPlainText,
        try docstring(indentation, ofDecoratedClass: isDecorated && isClass)
      {
        expectsDocstring = false
        continue
      }
      if indentation == 0, documentation != nil, try documentationLine() {
        expectsDocstring = false
        isDecorated = false
        continue
      }
      isClass = isName(token, "class")
      let line = try logicalLine(indentation)
      expectsDocstring = line == .definition
      // The lines of a decorator come before the line that it decorates.
      if line != .definition { isDecorated = line == .decorator }
    }
    closeDocstring(-1)
    if readsDocstrings { cuts.removeAll { $0.isDocstring } }
    if let documentation { cuts = PythonScan.merged(cuts, documentation.cuts) }
    cuts = PythonScan.merged(cuts, margins.cuts)
  }

  /// Both in the order of the source. What of `more` lies in what is cut anyway is left out.
  private static func merged(_ cuts: [Cut], _ more: [Cut]) -> [Cut] {
    var result: [Cut] = []
    result.reserveCapacity(cuts.count + more.count)
    var index = 0
    for cut in more {
      while index < cuts.count, cuts[index].end <= cut.start {
        result.append(cuts[index])
        index += 1
      }
      if index < cuts.count, cuts[index].start < cut.end { continue }
      result.append(cut)
    }
    return result + cuts[index...]
  }

  /// At the first token of a line of the module itself: consumes it if it is `DOCUMENTATION = '…'` or a like one.
  private mutating func documentationLine() throws(PythonLexer.Failure) -> Bool {
    guard token.kind == .name, documentation!.isOurs(token) else { return false }
    let name = token
    var lookAhead = lexer
    let sign = try lookAhead.next()
    guard sign.kind == .op, lexer.source[sign.start] == UInt8(ascii: "=") else { return false }
    var first: PythonLexer.Token?
    var end = 0
    while true {
      let next = try lookAhead.next()
      if next.kind == .comment { continue }
      if next.kind == .newline { break }
      guard next.kind == .string, next.isPlainText else { return false }
      first = first ?? next
      end = next.end
    }
    guard let first else { return false }
    documentation!.assigned(name, from: first.start, to: end)
    while token.kind != .newline, token.kind != .end { try advance() }
    if token.kind == .newline { try advance() }
    return true
  }

  private enum Line {
    /// `class` or `def`, whose suite begins on the next line.
    case definition
    case decorator
    case other
  }

  /// From its first token to behind its end.
  private mutating func logicalLine(_ indentation: Int) throws(PythonLexer.Failure) -> Line {
    let isDecorator = isOp(token, "@")
    let first = token
    let isAsync = isName(first, "async")
    var isDefinition = isName(first, "def") || isName(first, "class")
    let isCompound = isDefinition || isAsync || startsSuite(first)
    var isNested = indentation > 0
    var atStatement = true
    var endsWithColon = false
    while token.kind != .newline, token.kind != .end {
      if atStatement, token.kind == .name {
        let isFrom = isName(token, "from")
        if isFrom || isName(token, "import") {
          let statement: PythonImport =
            try isFrom
            ? .from(&self, isOptional: isNested)
            : .absolute(&self, isOptional: isNested)
          if isFrom, statement.names.contains(where: { $0.name == "getdoc" }) { readsDocstrings = true }
          imports.append(statement)
          atStatement = false
          endsWithColon = false
          continue
        }
      }
      endsWithColon = false
      atStatement = false
      switch token.kind {
      case .op where lexer.depth == 0:
        if isOp(token, ";") {
          atStatement = true
        } else if isCompound, isOp(token, ":") {
          atStatement = true
          isNested = true
          endsWithColon = true
        }
      case .name where token.start > first.start && isAsync && isName(token, "def"): isDefinition = true
      case .name:
        if isName(token, "__doc__") || isName(token, "getdoc") { readsDocstrings = true }
        documentation?.used(token)
      case .string:
        if mentionsDocstrings(token) { readsDocstrings = true }
        documentation?.mentioned(token)
      default: break
      }
      try advance()
    }
    if token.kind == .newline { try advance() }
    return isDecorator ? .decorator : isDefinition && endsWithColon ? .definition : .other
  }

  private func startsSuite(_ token: PythonLexer.Token) -> Bool {
    guard token.kind == .name else { return false }
    switch token.end - token.start {
    case 2: return isName(token, "if")
    case 3: return isName(token, "for") || isName(token, "try")
    case 4: return isName(token, "else") || isName(token, "elif") || isName(token, "with")
    case 5: return isName(token, "while")
    case 6: return isName(token, "except")
    case 7: return isName(token, "finally")
    default: return false
    }
  }

  // MARK: Docstrings

  /// At a string that begins a suite or the module. False, with nothing consumed but the string itself, if more
  /// than strings stand on its line: then it is an expression, and the rest of its line is left to the caller.
  private mutating func docstring(
    _ indentation: Int, ofDecoratedClass isDecoratedClass: Bool
  ) throws(PythonLexer.Failure) -> Bool {
    let start = token.start
    let lineStart = lexer.lineStart
    var end = token.end
    var lookAhead = lexer
    do {
      // Strings that follow one another are one. The comment behind them is no part of the statement.
      while true {
        let next = try lookAhead.next()
        if next.kind == .comment { continue }
        if next.kind == .newline { break }
        guard next.kind == .string, next.isPlainText else { return false }
        end = next.end
      }
    }
    while token.end < end { try advance() }
    if isDecoratedClass {
      // `dataclass` computes a signature for every class without a docstring, at each import.
      cuts.append(Cut(start: start, end: end, replacement: "'.'", isDocstring: true))
    } else {
      cuts.append(Cut(start: lineStart, end: end, isDocstring: true))
      cutDocstring = (cuts.count - 1, start, indentation)
    }
    try advance()
    if token.kind == .newline { try advance() }
    return true
  }

  /// A logical line begins, or the source ends (-1): what stands there decides what becomes of the docstring before.
  private mutating func closeDocstring(_ indentation: Int) {
    guard let pending = cutDocstring else { return }
    cutDocstring = nil
    if indentation == pending.indentation, token.kind == .string {
      // Cut, it would make a docstring of the string that follows.
      cuts[pending.cut] = Cut(start: pending.tokenStart, end: pending.tokenStart)
    } else if indentation < pending.indentation, pending.indentation > 0 {
      // The suite would have nothing left.
      cuts[pending.cut].start = pending.tokenStart
      cuts[pending.cut].replacement = "pass"
    }
  }

  private func mentionsDocstrings(_ token: PythonLexer.Token) -> Bool {
    // Both have "doc" in them, and two more letters before it.
    var index = token.bodyStart + 2
    while index + 3 <= token.bodyEnd {
      if lexer.source[index] == UInt8(ascii: "d"), lexer.source[index + 1] == UInt8(ascii: "o"),
        lexer.source[index + 2] == UInt8(ascii: "c")
      {
        if lexer.source[index - 1] == UInt8(ascii: "_"), lexer.source[index - 2] == UInt8(ascii: "_") { return true }
        if lexer.source[index - 1] == UInt8(ascii: "t"), lexer.source[index - 2] == UInt8(ascii: "e") { return true }
      }
      index += 1
    }
    return false
  }

  // MARK: Tokens

  /// The next token that is not a comment; comments are cut on the way.
  @discardableResult
  mutating func advance() throws(PythonLexer.Failure) -> PythonLexer.Token {
    let beginsLine = token.kind == .newline
    token = try lexer.next()
    while token.kind == .comment {
      cut(comment: token)
      token = try lexer.next()
    }
    margins.reached(token, beginsLine: beginsLine, column: lexer.indentation, lineStart: lexer.lineStart)
    return token
  }

  private mutating func cut(comment: PythonLexer.Token) {
    var start = comment.start
    while start > 0, isBlank(lexer.source[start - 1]) { start -= 1 }
    let isFirstOnLine = start == 0 || lexer.source[start - 1] == Byte.newline
    // Behind a continued line the comment is what ends the statement; an empty line is not allowed everywhere there.
    if isFirstOnLine, start > 1, lexer.source[start - 2] == Byte.backslash { return }
    if isFirstOnLine, isMeaningful(comment, at: start) { return }
    cuts.append(Cut(start: start, end: comment.end))
  }

  private func isBlank(_ c: UInt8) -> Bool { c == Byte.space || c == Byte.tab || c == Byte.formFeed }

  /// An interpreter line, or a coding comment where Python looks for one: on the first two lines.
  private func isMeaningful(_ comment: PythonLexer.Token, at lineStart: Int) -> Bool {
    guard lineStart < 4096 else { return false }
    let newlines = lexer.source[..<lineStart].reduce(0) { $0 + ($1 == Byte.newline ? 1 : 0) }
    if newlines == 0, lexer.byte(comment.start + 1) == UInt8(ascii: "!") { return true }
    return newlines < 2 && PythonEncoding.declared(in: lexer.source[comment.start..<comment.end]) != nil
  }

  func text(_ token: PythonLexer.Token) -> String {
    String(decoding: lexer.source[token.start..<token.end], as: UTF8.self)
  }

  @inline(__always)
  func isName(_ token: PythonLexer.Token, _ text: StaticString) -> Bool {
    token.kind == .name && equals(token, text)
  }

  @inline(__always)
  func isOp(_ token: PythonLexer.Token, _ text: StaticString) -> Bool {
    token.kind == .op && lexer.source[token.start] == text.utf8Start.pointee
  }

  private func equals(_ token: PythonLexer.Token, _ text: StaticString) -> Bool {
    guard token.end - token.start == text.utf8CodeUnitCount else { return false }
    for index in 0..<text.utf8CodeUnitCount where lexer.source[token.start + index] != text.utf8Start[index] {
      return false
    }
    return true
  }

  func invalid(_ token: PythonLexer.Token) -> PythonLexer.Failure {
    PythonLexer.Failure(reason: "invalid syntax", offset: token.start)
  }
}
