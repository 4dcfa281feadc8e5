/// How ansible-core tells a new-style module: the text holds, anywhere, one of
///
///     from ..module_utils… import            (two dots or more)
///     from ansible_collections.N.C.plugins.module_utils… import
///     import ansible_collections.N.C.plugins.module_utils…
///     from ansible.module_utils… import
///     import ansible.module_utils.
///
/// It is a search in bytes, as there (executor/module_common.py), so that both judge a module alike: an import in
/// a comment counts, one over two lines does not.
enum ImportRule {
  static func found(in source: UnsafeRawBufferPointer) -> Bool {
    var start = 0
    while start < source.count {
      let end = source[start...].firstIndex(of: UInt8(ascii: "\n")) ?? source.count
      if Line(bytes: source, end: end).matches(from: start) { return true }
      start = end + 1
    }
    return false
  }
}

/// One line, and a cursor that each rule starts anew.
private struct Line {
  let bytes: UnsafeRawBufferPointer
  let end: Int

  func matches(from start: Int) -> Bool {
    var at = start
    while at < end {
      // Both keywords are rare as first letters go: most positions are left after one comparison.
      switch bytes[at] {
      case UInt8(ascii: "f"): if let rest = after(blanks: after("from", at)), imported(rest) { return true }
      case UInt8(ascii: "i"): if let rest = after(blanks: after("import", at)), named(rest) { return true }
      default: break
      }
      at += 1
    }
    return false
  }

  private func imported(_ at: Int) -> Bool {
    let tail = relative(at) ?? after("ansible.module_utils", at) ?? collection(at)
    return tail.map { holdsImport(from: $0) } ?? false
  }

  private func named(_ at: Int) -> Bool {
    after("ansible.module_utils.", at) != nil || collection(at) != nil
  }

  /// Two dots or more, blanks, `module_utils`.
  private func relative(_ at: Int) -> Int? {
    var dots = at
    while dots < end, bytes[dots] == UInt8(ascii: ".") { dots += 1 }
    guard dots - at >= 2 else { return nil }
    var word = dots
    while word < end, bytes[word] == UInt8(ascii: " ") { word += 1 }
    return after("module_utils", word)
  }

  private func collection(_ at: Int) -> Int? {
    guard var next = after("ansible_collections.", at) else { return nil }
    for _ in 0..<2 {
      let dot = bytes[next..<end].firstIndex(of: UInt8(ascii: ".")) ?? end
      guard dot > next, dot < end else { return nil }
      next = dot + 1
    }
    return after("plugins.module_utils", next)
  }

  private func holdsImport(from at: Int) -> Bool {
    var next = at
    while next < end {
      if after(" import ", next) != nil { return true }
      next += 1
    }
    return false
  }

  private func after(_ text: StaticString, _ at: Int) -> Int? {
    guard end - at >= text.utf8CodeUnitCount else { return nil }
    for offset in 0..<text.utf8CodeUnitCount where bytes[at + offset] != text.utf8Start[offset] { return nil }
    return at + text.utf8CodeUnitCount
  }

  /// At least one blank.
  private func after(blanks at: Int?) -> Int? {
    guard var next = at, next < end, bytes[next] == UInt8(ascii: " ") else { return nil }
    while next < end, bytes[next] == UInt8(ascii: " ") { next += 1 }
    return next
  }
}
