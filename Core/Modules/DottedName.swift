/// Dotted names cut at their dots by bytes: `Character` would look at every grapheme.
extension String {
  var dottedParts: [String] {
    utf8.split(separator: Byte.dot, omittingEmptySubsequences: false).map { String(Substring($0)) }
  }

  /// Without its last part; empty if it has one only.
  var dottedParent: String {
    guard let dot = utf8.lastIndex(of: Byte.dot) else { return "" }
    return String(self[..<dot])
  }

  var dottedLeaf: String {
    guard let dot = utf8.lastIndex(of: Byte.dot) else { return self }
    return String(self[utf8.index(after: dot)...])
  }

  /// "a/b" for "a.b".
  var dottedPath: String {
    String(decoding: utf8.map { $0 == Byte.dot ? UInt8(ascii: "/") : $0 }, as: UTF8.self)
  }
}
