/// The assignments of a module that only `ansible-doc` reads, on the controller: what they assign need not travel.
///
/// They stay in a module that uses their name elsewhere in its code, even in a string, or looks at its names at large.
struct PythonDocumentation {
  private static let names: [StaticString] = ["DOCUMENTATION", "EXAMPLES", "RETURN"]
  /// With these a program can read a variable without saying its name.
  private static let mirrors: [StaticString] = ["globals", "locals", "vars", "eval", "exec", "dir", "__dict__"]

  private let source: UnsafeBufferPointer<UInt8>
  private var found: [(name: Int, cut: PythonScan.Cut)] = []
  private var isUsed: [Bool]

  init(_ source: UnsafeBufferPointer<UInt8>) {
    self.source = source
    isUsed = Self.names.map { _ in false }
  }

  /// In the order of the source.
  var cuts: [PythonScan.Cut] { found.filter { !isUsed[$0.name] }.map(\.cut) }

  func isOurs(_ token: PythonLexer.Token) -> Bool { index(of: token, in: Self.names) != nil }

  /// `start` and `end` are those of the strings that are assigned.
  mutating func assigned(_ name: PythonLexer.Token, from start: Int, to end: Int) {
    guard let index = index(of: name, in: Self.names) else { return }
    found.append((index, PythonScan.Cut(start: start, end: end, replacement: "''")))
  }

  /// A name in code that is no such assignment.
  mutating func used(_ token: PythonLexer.Token) {
    if let index = index(of: token, in: Self.names) { isUsed[index] = true }
    if index(of: token, in: Self.mirrors) != nil { isUsed = isUsed.map { _ in true } }
  }

  /// A string in code that is neither such documentation nor a docstring.
  mutating func mentioned(_ token: PythonLexer.Token) {
    for (index, name) in Self.names.enumerated() where !isUsed[index] {
      let length = name.utf8CodeUnitCount
      var start = token.bodyStart
      while start + length <= token.bodyEnd {
        if source[start] == name.utf8Start[0], equals(start, name) {
          isUsed[index] = true
          break
        }
        start += 1
      }
    }
  }

  private func index(of token: PythonLexer.Token, in names: [StaticString]) -> Int? {
    names.firstIndex { $0.utf8CodeUnitCount == token.end - token.start && equals(token.start, $0) }
  }

  private func equals(_ start: Int, _ text: StaticString) -> Bool {
    for index in 0..<text.utf8CodeUnitCount where source[start + index] != text.utf8Start[index] { return false }
    return true
  }
}
