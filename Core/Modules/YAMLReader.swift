/// Reads one YAML document by its lines; the subset is told at `YAML`.
struct YAMLReader {
  private struct Line {
    var indentation: Int
    /// Behind the indentation.
    var start: Int
    var end: Int
    /// Nothing, or a comment: what a block scalar keeps and all else passes over.
    var isEmpty: Bool
  }

  private let source: [UInt8]
  private var lines: [Line] = []
  private var current = 0
  private var anchors: [String: YAML.Node] = [:]
  private(set) var missesAnchor = false
  private var depth = 0
  /// Collections in collections; no routing file has more than four. Keeps a hostile one off the stack.
  private static let depthLimit = 64

  init(_ source: [UInt8]) {
    self.source = source
    var start = 0
    while start < source.count {
      var end = start
      while end < source.count, source[end] != Byte.newline { end += 1 }
      var first = start
      while first < end, source[first] == Byte.space { first += 1 }
      var last = end
      while last > first, source[last - 1] == Byte.space || source[last - 1] == Byte.carriageReturn { last -= 1 }
      let isEmpty = first == last || source[first] == Byte.hash
      lines.append(Line(indentation: first - start, start: first, end: last, isEmpty: isEmpty))
      start = end + 1
    }
  }

  mutating func document() throws(YAML.Failure) -> YAML.Node? {
    skipHeader()
    guard line() != nil else { return nil }
    return try block()
  }

  private mutating func skipHeader() {
    while let line = line() {
      let text = text(line)
      guard text.hasPrefix("%") || text == "---" else { break }
      current += 1
    }
  }

  /// The lines on which the keys of a mapping stand; empty if the path leads nowhere, nil if some mapping on the way is not
  /// in block style.
  mutating func keys(at path: [String]) -> [String: Int]? {
    skipHeader()
    var outer = -1
    for wanted in path {
      guard let first = line(), first.indentation > outer else { return [:] }
      var isFound = false
      while let line = line(), line.indentation == first.indentation, !isFound {
        guard let key = key(line) else { return nil }
        let hasBlock = line.end == key.end
        current += 1
        if key.name == wanted {
          guard hasBlock else { return nil }
          isFound = true
        } else {
          skip(deeperThan: first.indentation)
        }
      }
      guard isFound else { return [:] }
      outer = first.indentation
    }
    var lines: [String: Int] = [:]
    guard let first = line(), first.indentation > outer else { return [:] }
    while let line = line(), line.indentation == first.indentation {
      guard let key = key(line) else { return nil }
      lines[key.name] = current
      current += 1
      skip(deeperThan: first.indentation)
    }
    return lines
  }

  /// A line's key, and where what follows its colon begins.
  private func key(_ line: Line) -> (name: String, end: Int)? {
    guard !isItem(line), let colon = keyEnd(line) else { return nil }
    let quote = source[line.start]
    if quote == Byte.quote || quote == Byte.doubleQuote {
      guard colon > line.start + 1, source[colon - 1] == quote else { return nil }
      return (String(decoding: source[(line.start + 1)..<(colon - 1)], as: UTF8.self), colon + 1)
    }
    return (String(decoding: source[line.start..<colon], as: UTF8.self), colon + 1)
  }

  /// What a key stands for, by the line that it is on.
  mutating func value(atLine index: Int) throws(YAML.Failure) -> YAML.Node? {
    current = index
    guard let line = line(), let key = key(line) else { return nil }
    var rest = String(decoding: source[key.end..<line.end], as: UTF8.self)[...]
    current += 1
    return try value(&rest, indentation: line.indentation)
  }

  /// The next line with something on it, which becomes the current one.
  private mutating func line() -> Line? {
    while current < lines.count, lines[current].isEmpty { current += 1 }
    return current < lines.count ? lines[current] : nil
  }

  private func text(_ line: Line) -> String { String(decoding: source[line.start..<line.end], as: UTF8.self) }

  private func failure(_ reason: String) -> YAML.Failure { YAML.Failure(line: current + 1, reason: reason) }

  private mutating func deepen() throws(YAML.Failure) {
    guard depth < Self.depthLimit else { throw failure("too many levels") }
    depth += 1
  }

  // MARK: Blocks

  private mutating func block() throws(YAML.Failure) -> YAML.Node {
    guard let first = line() else { return .scalar("") }
    try deepen()
    defer { depth -= 1 }
    if isItem(first) { return .sequence(try sequence(first.indentation)) }
    guard keyEnd(first) != nil else {
      var text = text(first)[...]
      current += 1
      return try value(&text, indentation: first.indentation - 1)
    }
    return .mapping(try mapping(first.indentation))
  }

  private func isItem(_ line: Line) -> Bool {
    source[line.start] == UInt8(ascii: "-") && (line.end == line.start + 1 || source[line.start + 1] == Byte.space)
  }

  /// The offset of the colon that ends a line's key; nil if it has none.
  private func keyEnd(_ line: Line) -> Int? {
    var index = line.start
    let quote = source[index]
    if quote == Byte.quote || quote == Byte.doubleQuote {
      index += 1
      while index < line.end, source[index] != quote { index += 1 }
      index += 1
    }
    while index < line.end {
      if source[index] == UInt8(ascii: ":"), index + 1 == line.end || source[index + 1] == Byte.space { return index }
      if source[index] == Byte.hash, index > line.start, source[index - 1] == Byte.space { return nil }
      index += 1
    }
    return nil
  }

  private mutating func mapping(_ indentation: Int) throws(YAML.Failure) -> [String: YAML.Node] {
    var fields: [String: YAML.Node] = [:]
    while let line = line(), line.indentation == indentation, !isItem(line) {
      guard let colon = keyEnd(line) else {
        if text(line) == "..." || text(line) == "---" { break }
        throw failure("no key")
      }
      var key = String(decoding: source[line.start..<colon], as: UTF8.self)[...]
      while key.last == " " { key.removeLast() }
      var flow = key
      if let quote = key.first, quote == "'" || quote == "\"" { key = try quoted(&flow, indentation: indentation)[...] }
      var rest = String(decoding: source[(colon + 1)..<line.end], as: UTF8.self)[...]
      current += 1
      fields[String(key)] = try value(&rest, indentation: indentation)
    }
    if let line = line(), line.indentation > indentation { throw failure("deeper than its neighbours") }
    return fields
  }

  /// Passes over a value. Items of a sequence may stand at the level of their key.
  private mutating func skip(deeperThan indentation: Int) {
    while current < lines.count {
      let line = lines[current]
      guard line.isEmpty || line.indentation > indentation || line.indentation == indentation && isItem(line) else { return }
      current += 1
    }
  }

  private mutating func sequence(_ indentation: Int) throws(YAML.Failure) -> [YAML.Node] {
    var items: [YAML.Node] = []
    while let line = line(), line.indentation == indentation, isItem(line) {
      // What follows the dash is a block of its own, as deep as it stands.
      var start = line.start + 1
      while start < line.end, source[start] == Byte.space { start += 1 }
      if start == line.end || source[start] == Byte.hash {
        current += 1
        var nothing = Substring()
        items.append(try value(&nothing, indentation: indentation))
      } else {
        lines[current].indentation += start - line.start
        lines[current].start = start
        items.append(try block())
      }
    }
    return items
  }

  /// What follows a key or stands alone; the line that it began on has been consumed.
  private mutating func value(
    _ text: inout Substring, indentation: Int
  ) throws(YAML.Failure) -> YAML.Node {
    text = text.drop { $0 == " " }
    switch text.first {
    case nil, "#":
      guard let next = line() else { return .scalar("") }
      let isItems = next.indentation == indentation && isItem(next)
      return next.indentation > indentation || isItems ? try block() : .scalar("")
    case "&":
      let name = String(text.dropFirst().prefix { $0 != " " })
      text = text.dropFirst(name.count + 1)
      let node = try value(&text, indentation: indentation)
      anchors[name] = node
      return node
    case "*":
      let name = String(text.dropFirst().prefix { $0 != " " })
      guard let node = anchors[name] else {
        missesAnchor = true
        throw failure("no anchor \(name)")
      }
      return node
    case "|", ">": return .scalar(blockScalar(String(text), indentation))
    case "'", "\"": return .scalar(try quoted(&text, indentation: indentation))
    case "{", "[": return try flow(&text, indentation: indentation)
    case "!", "?", "@", "`", "%": throw failure("\(text.first!) is not understood here")  // the case says there is one
    default:
      var words = [plain(text)]
      while let next = line(), next.indentation > indentation {
        words.append(plain(self.text(next)[...]))
        current += 1
      }
      return .scalar(words.joined(separator: " "))
    }
  }

  // MARK: Scalars

  private func plain(_ text: Substring) -> String {
    var end = text.utf8.endIndex
    var previous = Byte.space
    for index in text.utf8.indices {
      if text.utf8[index] == Byte.hash, previous == Byte.space, index != text.startIndex {
        end = index
        break
      }
      previous = text.utf8[index]
    }
    var result = text[..<end]
    while result.utf8.last == Byte.space { result.removeLast() }
    return String(result)
  }

  private mutating func blockScalar(_ header: String, _ indentation: Int) -> String {
    var words: [String] = []
    while current < lines.count {
      let line = lines[current]
      guard line.start == line.end || line.indentation > indentation else { break }
      words.append(text(line))
      current += 1
    }
    while words.last == "" { words.removeLast() }
    let end = header.contains("-") ? "" : "\n"
    return words.joined(separator: header.hasPrefix(">") ? " " : "\n") + end
  }

  /// At an opening quote; leaves `text` behind the closing one. Lines that it goes on to are consumed.
  private mutating func quoted(_ text: inout Substring, indentation: Int) throws(YAML.Failure) -> String {
    let quote = text.removeFirst()
    var result = ""
    while true {
      while let c = text.popFirst() {
        if c == quote {
          guard quote == "'", text.first == "'" else { return result }
          result.append(text.removeFirst())
        } else if c == "\\", quote == "\"", let escaped = text.popFirst() {
          switch escaped {
          case "n": result.append("\n")
          case "t": result.append("\t")
          case "\"", "\\", "/", " ": result.append(escaped)
          default: throw failure("\\\(escaped) is not understood here")
          }
        } else {
          result.append(c)
        }
      }
      guard let next = line(), next.indentation > indentation else { throw failure("no closing quote") }
      text = self.text(next)[...]
      current += 1
      result += " "
    }
  }

  // MARK: Flow collections

  private mutating func flow(_ text: inout Substring, indentation: Int) throws(YAML.Failure) -> YAML.Node {
    try deepen()
    defer { depth -= 1 }
    let isMapping = text.removeFirst() == "{"
    let close: Character = isMapping ? "}" : "]"
    var fields: [String: YAML.Node] = [:]
    var items: [YAML.Node] = []
    while true {
      try skipFlowSpace(&text, indentation)
      if text.first == close {
        text.removeFirst()
        return isMapping ? .mapping(fields) : .sequence(items)
      }
      let first = try flowValue(&text, indentation)
      try skipFlowSpace(&text, indentation)
      if isMapping {
        var node = YAML.Node.scalar("")
        if text.first == ":" {
          text.removeFirst()
          try skipFlowSpace(&text, indentation)
          if text.first != ",", text.first != "}" { node = try flowValue(&text, indentation) }
        }
        fields[first.text ?? ""] = node
      } else {
        items.append(first)
      }
      try skipFlowSpace(&text, indentation)
      if text.first == "," { text.removeFirst() } else if text.first != close { throw failure("no , or \(close)") }
    }
  }

  /// Space and ends of lines; afterwards `text` is not empty.
  private mutating func skipFlowSpace(_ text: inout Substring, _ indentation: Int) throws(YAML.Failure) {
    while true {
      text = text.drop { $0 == " " }
      if let c = text.first, c != "#" { return }
      guard let next = line() else { throw failure("the document ends inside a collection") }
      text = self.text(next)[...]
      current += 1
    }
  }

  private mutating func flowValue(_ text: inout Substring, _ indentation: Int) throws(YAML.Failure) -> YAML.Node {
    switch text.first {
    case "{", "[": return try flow(&text, indentation: indentation)
    case "'", "\"": return .scalar(try quoted(&text, indentation: indentation))
    default:
      var word = ""
      while let c = text.first, !",{}[]".contains(c) {
        if c == ":", [nil, " ", ",", "}"].contains(text.dropFirst().first) { break }
        word.append(text.removeFirst())
      }
      while word.last == " " { word.removeLast() }
      if word.first == "*" {
        guard let node = anchors[String(word.dropFirst())] else {
          missesAnchor = true
          throw failure("no anchor \(word.dropFirst())")
        }
        return node
      }
      return .scalar(word)
    }
  }
}
