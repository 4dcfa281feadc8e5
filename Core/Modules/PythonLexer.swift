/// Cuts Python source into tokens, far enough to find statements, strings and comments; it does not parse.
///
/// It accepts what Python 2.7 and every 3.x accept: where the rules differ (an f-string of 3.12 may hold its own
/// quote), the newer rule is a superset for valid programs. It reads bytes, which is right for every encoding
/// in which ASCII bytes mean ASCII; `PythonSource` asks for that first.
///
/// The buffer must outlive the lexer: it is made and used inside one `withUnsafeBufferPointer`.
struct PythonLexer {
  enum Kind: UInt8 {
    /// A name or keyword.
    case name
    case number
    case string
    /// One byte of punctuation: longer operators come as several, nobody here needs them whole.
    case op
    /// From `#` up to the end of the line, which is not included.
    case comment
    /// The end of a logical line.
    case newline
    case end
  }

  struct Token {
    var kind: Kind
    var start: Int
    var end: Int
    /// A string without `b`, `f` or `t` in its prefix: what a docstring may be.
    var isPlainText = false
    var isRaw = false
    /// The first byte behind the opening quotes, and the closing quotes; of a string only.
    var bodyStart = 0
    var bodyEnd = 0
  }

  /// What cannot be Python, with the offset where it begins.
  struct Failure: Error {
    var reason: String
    var offset: Int
  }

  let source: UnsafeBufferPointer<UInt8>
  private(set) var position: Int
  /// How many brackets are open.
  private(set) var depth = 0
  /// The column of the current logical line's first token, tabs to multiples of 8 as Python counts them.
  private(set) var indentation = 0
  /// Offset of the current logical line's first byte, before its indentation.
  private(set) var lineStart: Int
  private var atLineStart = true

  init(_ source: UnsafeBufferPointer<UInt8>) {
    self.source = source
    // A byte order mark is no part of the first line.
    let hasMark = source.count >= 3 && source[0] == 0xEF && source[1] == 0xBB && source[2] == 0xBF
    position = hasMark ? 3 : 0
    lineStart = position
  }

  /// 0, which is in no valid source, stands for the end.
  @inline(__always)
  func byte(_ index: Int) -> UInt8 { index < source.count ? source[index] : 0 }

  mutating func next() throws(Failure) -> Token {
    if atLineStart { skipIndentation() }
    while true {
      let start = position
      let c = byte(position)
      switch c {
      case Byte.space, Byte.tab, Byte.formFeed:
        position += 1
      case Byte.newline, Byte.carriageReturn:
        skipLineEnd()
        // Inside brackets, and on a line with nothing on it, the end of a line means nothing.
        if depth > 0 { continue }
        if atLineStart {
          skipIndentation()
          continue
        }
        atLineStart = true
        return Token(kind: .newline, start: start, end: position)
      case Byte.backslash:
        guard byte(position + 1) == Byte.newline || byte(position + 1) == Byte.carriageReturn else {
          throw Failure(reason: "unexpected character after line continuation character", offset: position)
        }
        position += 1
        skipLineEnd()
      case Byte.hash:
        while position < source.count, byte(position) != Byte.newline, byte(position) != Byte.carriageReturn {
          position += 1
        }
        return Token(kind: .comment, start: start, end: position)
      case 0:
        guard position >= source.count else {
          throw Failure(reason: "source code cannot contain null bytes", offset: position)
        }
        guard depth == 0 else { throw Failure(reason: "unexpected EOF while parsing", offset: position) }
        if !atLineStart {
          atLineStart = true
          return Token(kind: .newline, start: position, end: position)
        }
        return Token(kind: .end, start: position, end: position)
      case Byte.quote, Byte.doubleQuote:
        atLineStart = false
        return try string(prefixStart: start)
      default:
        atLineStart = false
        if Byte.isNameStart(c) { return try nameOrString() }
        if Byte.isDigit(c) {
          repeat { position += 1 } while Byte.isNameContinue(byte(position))
          return Token(kind: .number, start: start, end: position)
        }
        position += 1
        switch c {
        case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
        case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
          guard depth > 0 else {
            throw Failure(reason: "unmatched '\(Character(Unicode.Scalar(c)))'", offset: start)
          }
          depth -= 1
        default: break
        }
        return Token(kind: .op, start: start, end: position)
      }
    }
  }

  private mutating func skipIndentation() {
    lineStart = position
    indentation = 0
    while true {
      switch byte(position) {
      case Byte.space: indentation += 1
      case Byte.tab: indentation = (indentation / 8 + 1) * 8
      case Byte.formFeed: indentation = 0
      default: return
      }
      position += 1
    }
  }

  /// LF, CRLF or CR: Python takes each for one end of a line.
  private mutating func skipLineEnd() {
    if byte(position) == Byte.carriageReturn, byte(position + 1) == Byte.newline { position += 1 }
    position += 1
  }

  private mutating func nameOrString() throws(Failure) -> Token {
    let start = position
    repeat { position += 1 } while Byte.isNameContinue(byte(position))
    let next = byte(position)
    if next == Byte.quote || next == Byte.doubleQuote, StringPrefix(source, start, position) != nil {
      return try string(prefixStart: start)
    }
    return Token(kind: .name, start: start, end: position)
  }
}

// MARK: Strings

extension PythonLexer {
  /// The letters before a string's quotes.
  private struct StringPrefix {
    var isRaw = false
    var isBytes = false
    /// f or t: the string holds expressions.
    var isTemplate = false

    /// Nil for a name that merely stands before a quote, such as `else"a"`.
    init?(_ source: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) {
      guard end - start <= 2 else { return nil }
      for index in start..<end {
        switch source[index] | 0x20 {
        case UInt8(ascii: "r"): isRaw = true
        case UInt8(ascii: "b"): isBytes = true
        case UInt8(ascii: "f"), UInt8(ascii: "t"): isTemplate = true
        case UInt8(ascii: "u"): break
        default: return nil
        }
      }
    }
  }

  /// `position` is at the opening quote.
  private mutating func string(prefixStart: Int) throws(Failure) -> Token {
    // The caller has seen that what stands before the quote is a prefix, or nothing.
    let prefix = StringPrefix(source, prefixStart, position) ?? StringPrefix(source, position, position)!
    let quote = byte(position)
    let isTriple = byte(position + 1) == quote && byte(position + 2) == quote
    let bodyStart = position + (isTriple ? 3 : 1)
    position = bodyStart
    if prefix.isTemplate {
      // Before 3.12 the first matching quote ended an f-string whatever stood before it. Where the newer reading
      // finds no end, the older one decides.
      do {
        try template(quote: quote, isTriple: isTriple, isRaw: prefix.isRaw, nesting: 0)
      } catch {
        position = bodyStart
        try text(quote: quote, isTriple: isTriple)
      }
    } else {
      try text(quote: quote, isTriple: isTriple)
    }
    return Token(
      kind: .string, start: prefixStart, end: position, isPlainText: !prefix.isBytes && !prefix.isTemplate,
      isRaw: prefix.isRaw, bodyStart: bodyStart, bodyEnd: position - (isTriple ? 3 : 1))
  }

  /// To behind the closing quotes. In raw strings too a backslash keeps a quote from closing.
  private mutating func text(quote: UInt8, isTriple: Bool) throws(Failure) {
    let start = position
    while position < source.count {
      let c = source[position]
      if c == quote {
        if closes(quote, isTriple) { return }
      } else if c == Byte.backslash {
        position += 1
        if byte(position) == Byte.carriageReturn, byte(position + 1) == Byte.newline { position += 1 }
      } else if !isTriple, c == Byte.newline || c == Byte.carriageReturn {
        throw Failure(reason: "unterminated string literal", offset: start)
      }
      position += 1
    }
    throw Failure(
      reason: isTriple ? "unterminated triple-quoted string literal" : "unterminated string literal", offset: start)
  }

  /// At a byte equal to `quote`: moves behind the closing quotes if that is what they are.
  private mutating func closes(_ quote: UInt8, _ isTriple: Bool) -> Bool {
    if !isTriple {
      position += 1
      return true
    }
    guard byte(position + 1) == quote, byte(position + 2) == quote else { return false }
    position += 3
    return true
  }

  /// The literal part of an f-string, to behind its closing quotes.
  private mutating func template(quote: UInt8, isTriple: Bool, isRaw: Bool, nesting: Int) throws(Failure) {
    let start = position
    while position < source.count {
      let c = source[position]
      switch c {
      case quote:
        if closes(quote, isTriple) { return }
        position += 1
      case Byte.backslash:
        let escaped = byte(position + 1)
        if !isRaw, escaped == UInt8(ascii: "N"), byte(position + 2) == UInt8(ascii: "{") {
          // A character's name, not an expression.
          while position < source.count, source[position] != UInt8(ascii: "}") { position += 1 }
          position += 1
        } else if escaped == UInt8(ascii: "{") || escaped == UInt8(ascii: "}") {
          position += 1
        } else {
          position += escaped == Byte.carriageReturn && byte(position + 2) == Byte.newline ? 3 : 2
        }
      case UInt8(ascii: "{"):
        position += 1
        if byte(position) == UInt8(ascii: "{") {
          position += 1
        } else {
          try replacement(nesting: nesting + 1)
        }
      case Byte.newline, Byte.carriageReturn:
        if !isTriple { throw Failure(reason: "unterminated f-string literal", offset: start) }
        position += 1
      default:
        position += 1
      }
    }
    throw Failure(reason: "unterminated f-string literal", offset: start)
  }

  /// Behind `{`: an expression, and perhaps a conversion and a format, to behind its `}`.
  private mutating func replacement(nesting: Int) throws(Failure) {
    // Python's own limit on nested f-strings is 150; this one keeps hostile input off the stack.
    guard nesting < 100 else { throw Failure(reason: "f-string: expressions nested too deeply", offset: position) }
    var open = 0
    while position < source.count {
      let start = position
      let c = source[position]
      switch c {
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"):
        open += 1
        position += 1
      case UInt8(ascii: "}") where open == 0:
        position += 1
        return
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
        guard open > 0 else { throw Failure(reason: "f-string: unmatched bracket", offset: position) }
        open -= 1
        position += 1
      case UInt8(ascii: ":") where open == 0:
        position += 1
        return try format(nesting: nesting)
      case Byte.hash:
        while position < source.count, source[position] != Byte.newline { position += 1 }
      case Byte.quote, Byte.doubleQuote:
        try nestedString(from: start, nesting: nesting)
      default:
        position += 1
        guard Byte.isNameStart(c) else { continue }
        while Byte.isNameContinue(byte(position)) { position += 1 }
        if byte(position) == Byte.quote || byte(position) == Byte.doubleQuote {
          try nestedString(from: start, nesting: nesting)
        }
      }
    }
    throw Failure(reason: "f-string: expecting '}'", offset: position)
  }

  private mutating func nestedString(from start: Int, nesting: Int) throws(Failure) {
    let quote = byte(position)
    let prefix = StringPrefix(source, start, position)
    let isTriple = byte(position + 1) == quote && byte(position + 2) == quote
    position += isTriple ? 3 : 1
    if let prefix, prefix.isTemplate {
      try template(quote: quote, isTriple: isTriple, isRaw: prefix.isRaw, nesting: nesting)
    } else {
      try text(quote: quote, isTriple: isTriple)
    }
  }

  /// Behind the `:` of a replacement: literal text with replacements of its own, to behind the `}`.
  private mutating func format(nesting: Int) throws(Failure) {
    while position < source.count {
      let c = source[position]
      position += 1
      if c == UInt8(ascii: "}") { return }
      if c == UInt8(ascii: "{") { try replacement(nesting: nesting + 1) }
    }
    throw Failure(reason: "f-string: expecting '}'", offset: position)
  }
}
