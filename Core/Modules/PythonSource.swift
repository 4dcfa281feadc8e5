/// What can be known and done about Python source without running Python.
///
/// Works on bytes. Everything here is exact for valid source; what does not even divide into tokens is left alone.
public enum PythonSource {
  /// Imports of a source, and what of it has to travel.
  struct Scanned {
    var imports: [PythonImport]
    var stripped: [UInt8]
  }

  /// The same program without comments and docstrings, every statement on the line where it was, indented by one space
  /// for each level.
  ///
  /// Docstrings stay in a source that mentions `__doc__` or `getdoc` in its code: it may print them as its help. That
  /// another file looks at them goes unnoticed. Interpreter lines and coding comments stay. A suite that had nothing but its
  /// docstring gets `pass`. Source in an encoding other than UTF-8, Latin-1 or ASCII, and source that does not divide
  /// into tokens, is returned as it is.
  ///
  /// - Parameter isModule: a module of Ansible's: what it assigns to `DOCUMENTATION`, `EXAMPLES` and `RETURN` becomes `''`,
  ///   unless it uses those names itself.
  public static func strip(_ source: [UInt8], isModule: Bool = false) -> [UInt8] {
    guard let scanned = try? scan(source, isModule: isModule) else { return source }
    return scanned.stripped
  }

  /// Files of the agent as one source, by the rule of `Core/Agent/python/assembly.list`.
  public static func assemble(_ files: [[UInt8]]) -> [UInt8] {
    files.flatMap { strip($0) + [Byte.newline] }
  }

  /// All import statements, in the order of the source, at any nesting.
  public static func imports(_ source: [UInt8]) throws -> [PythonImport] {
    try scan(source).imports
  }

  static func scan(_ source: [UInt8], isModule: Bool = false) throws(PythonLexer.Failure) -> Scanned {
    let mayStrip = PythonEncoding.isASCIICompatible(source)
    let result = source.withUnsafeBufferPointer { buffer -> Result<Scanned, PythonLexer.Failure> in
      var scan = PythonScan(buffer, isModule: isModule)
      do throws(PythonLexer.Failure) {
        try scan.run()
      } catch {
        return .failure(error)
      }
      return .success(Scanned(imports: scan.imports, stripped: mayStrip ? apply(scan.cuts, to: buffer) : source))
    }
    return try result.get()
  }

  /// `cuts` are in the order of the source and do not overlap.
  private static func apply(_ cuts: [PythonScan.Cut], to source: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    // A replacement stands for a docstring, which is at least as long ("" and '' are two bytes: hence the reserve).
    // Tabs of another width may give a level more spaces than it had bytes.
    [UInt8](unsafeUninitializedCapacity: cuts.reduce(source.count) { $0 + 4 + $1.spaces }) { output, count in
      var position = 0
      func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let from = bytes.baseAddress, let to = output.baseAddress, bytes.count > 0 else { return }
        (to + count).initialize(from: from, count: bytes.count)
        count += bytes.count
      }
      for cut in cuts {
        append(UnsafeBufferPointer(rebasing: source[position..<cut.start]))
        append(UnsafeBufferPointer(start: cut.replacement.utf8Start, count: cut.replacement.utf8CodeUnitCount))
        for _ in 0..<cut.spaces {
          output[count] = Byte.space
          count += 1
        }
        for index in cut.start..<cut.end {
          let c = source[index]
          // CR LF is one end of a line, and so is CR alone.
          guard c == Byte.newline || c == Byte.carriageReturn && (index + 1 == cut.end || source[index + 1] != Byte.newline)
          else { continue }
          output[count] = Byte.newline
          count += 1
        }
        position = cut.end
      }
      append(UnsafeBufferPointer(rebasing: source[position...]))
    }
  }

  static func contains(_ source: [UInt8], _ text: StaticString) -> Bool {
    let length = text.utf8CodeUnitCount
    return source.withUnsafeBufferPointer { buffer in
      guard buffer.count >= length else { return false }
      let first = text.utf8Start[0]
      for start in 0...(buffer.count - length) where buffer[start] == first {
        var matched = 1
        while matched < length, buffer[start + matched] == text.utf8Start[matched] { matched += 1 }
        if matched == length { return true }
      }
      return false
    }
  }
}

/// The encoding that a source declares (PEP 263).
enum PythonEncoding {
  /// What stands behind `coding:` or `coding=` in a comment.
  static func declared(in comment: Slice<UnsafeBufferPointer<UInt8>>) -> String? {
    let key = Array("coding".utf8)
    var index = comment.startIndex
    while index + key.count < comment.endIndex {
      defer { index += 1 }
      guard comment[index] == key[0], comment[index..<index + key.count].elementsEqual(key) else { continue }
      let sign = comment[index + key.count]
      guard sign == UInt8(ascii: ":") || sign == UInt8(ascii: "=") else { continue }
      let name = comment[(index + key.count + 1)...]
        .drop { $0 == Byte.space || $0 == Byte.tab }
        .prefix { Byte.isNameContinue($0) || $0 == UInt8(ascii: "-") || $0 == Byte.dot }
      if !name.isEmpty { return String(decoding: name, as: UTF8.self) }
    }
    return nil
  }

  /// True if bytes below 0x80 stand for themselves wherever they are: in no other encoding may bytes be cut.
  static func isASCIICompatible(_ source: [UInt8]) -> Bool {
    source.withUnsafeBufferPointer { buffer in
      var lineStart = 0
      for _ in 0..<2 {
        var end = lineStart
        while end < buffer.count, buffer[end] != Byte.newline { end += 1 }
        let line = buffer[lineStart..<end].drop { $0 == Byte.space || $0 == Byte.tab || $0 == Byte.formFeed }
        if line.first == Byte.hash, let name = declared(in: line) {
          let plain = String(name.lowercased().map { $0 == "_" ? "-" : $0 })
          return plain.hasPrefix("utf-8") || plain == "utf8" || plain.hasPrefix("latin") || plain.hasPrefix("iso-8859")
            || plain.hasPrefix("iso8859") || plain == "ascii" || plain == "us-ascii" || plain.hasPrefix("cp125")
        }
        if end >= buffer.count { break }
        lineStart = end + 1
      }
      return true
    }
  }
}
