/// The resources that a source asks Ansible to send with it: top-level assignments from `EmbedManager.embed(package, resource)`.
///
/// Only for an installation that `embedsResources`: elsewhere the import that switches it on is one that cannot be found.
struct EmbedRequests {
  struct Resource: Hashable {
    var package: String
    var name: String
  }

  /// How the source names what it imported: `embed.EmbedManager`, `EmbedManager`, or their aliases.
  private struct Import {
    var module: String?
    var type: String
  }

  private static func imported(by imports: [PythonImport]) -> Import? {
    var imported: Import?
    for statement in imports where statement.isFrom && statement.level == 0 && !statement.isOptional {
      for name in statement.names {
        if statement.module == "ansible.module_utils", name.name == "embed" {
          imported = Import(module: name.alias ?? name.name, type: "EmbedManager")
        } else if statement.module == "ansible.module_utils.embed", name.name == "EmbedManager" {
          imported = Import(module: nil, type: name.alias ?? name.name)
        }
      }
    }
    return imported
  }

  /// Whether a source imports embedding at its top level.
  static func areImported(by imports: [PythonImport]) -> Bool { imported(by: imports) != nil }

  /// `module` is the source's dotted name.
  static func resources(in source: [UInt8], imports: [PythonImport], module: String) throws(ModuleError) -> [Resource] {
    guard let imported = imported(by: imports) else { return [] }
    let parent = Array(module.dottedParts.dropLast())
    let found = source.withUnsafeBufferPointer { buffer -> Result<[Resource], ModuleError> in
      do throws(ModuleError) {
        return .success(try requests(in: buffer, imported, parent: parent))
      } catch {
        return .failure(error)
      }
    }
    let resources = try found.get()
    guard !resources.isEmpty else {
      throw ModuleError("Module embedding support was imported, but no EmbedManager.embed calls were found.")
    }
    return resources
  }

  private static func requests(
    in buffer: UnsafeBufferPointer<UInt8>, _ imported: Import, parent: [String]
  ) throws(ModuleError) -> [Resource] {
    var lexer = PythonLexer(buffer)
    var found: [Resource] = []
    var line: [PythonLexer.Token] = []
    // The source has been divided into tokens before: it does not fail now.
    while let token = try? lexer.next(), token.kind != .end {
      if token.kind == .comment { continue }
      if token.kind == .newline || token.kind == .op && lexer.depth == 0 && buffer[token.start] == UInt8(ascii: ";") {
        if lexer.indentation == 0, let request = try request(in: line, buffer, imported, parent: parent) { found.append(request) }
        line.removeAll(keepingCapacity: true)
      } else {
        line.append(token)
      }
    }
    return found
  }

  private static func request(
    in line: [PythonLexer.Token], _ buffer: UnsafeBufferPointer<UInt8>, _ imported: Import, parent: [String]
  ) throws(ModuleError) -> Resource? {
    func text(_ token: PythonLexer.Token) -> String { String(decoding: buffer[token.start..<token.end], as: UTF8.self) }
    // TARGET = [MODULE.]TYPE.embed(
    guard let equals = line.lastIndex(where: { $0.kind == .op && buffer[$0.start] == UInt8(ascii: "=") }) else { return nil }
    var callee = (imported.module.map { [$0, "."] } ?? []) + [imported.type, ".", "embed", "("]
    var rest = line[(equals + 1)...]
    guard equals > 0, rest.prefix(callee.count).map(text) == callee else {
      // Ansible takes the bare type for the module's own too.
      callee = [imported.type, ".", "embed", "("]
      guard equals > 0, rest.prefix(callee.count).map(text) == callee else { return nil }
      rest = rest.dropFirst(callee.count)
      return try arguments(rest, buffer, parent: parent)
    }
    rest = rest.dropFirst(callee.count)
    return try arguments(rest, buffer, parent: parent)
  }

  private static func arguments(
    _ tokens: ArraySlice<PythonLexer.Token>, _ buffer: UnsafeBufferPointer<UInt8>, parent: [String]
  ) throws(ModuleError) -> Resource? {
    let invalid = ModuleError("Invalid EmbedManager request: Embed requires exactly two inline literal strings.")
    var values: [String] = []
    var afterString = false
    loop: for token in tokens {
      switch token.kind {
      case .string where token.isPlainText:
        let body = buffer[token.bodyStart..<token.bodyEnd]
        guard token.isRaw || !body.contains(Byte.backslash) else { throw invalid }
        let value = String(decoding: body, as: UTF8.self)
        if afterString { values[values.count - 1] += value } else { values.append(value) }
        afterString = true
      case .op where buffer[token.start] == UInt8(ascii: ","): afterString = false
      case .op where buffer[token.start] == UInt8(ascii: ")"): break loop
      default: throw invalid
      }
    }
    guard values.count == 2 else { throw invalid }
    guard let package = absolute(values[0], parent: parent) else {
      throw ModuleError("attempted relative import beyond top-level package")
    }
    return Resource(package: package, name: values[1])
  }

  /// `importlib.util.resolve_name`.
  private static func absolute(_ package: String, parent: [String]) -> String? {
    let dots = package.prefix { $0 == "." }.count
    guard dots > 0 else { return package }
    let kept = parent.count - (dots - 1)
    guard kept > 0 else { return nil }
    let name = package.dropFirst(dots)
    return (parent.prefix(kept) + (name.isEmpty ? [] : [String(name)])).joined(separator: ".")
  }
}
