/// One `import` or `from … import` statement.
public struct PythonImport: Equatable, Sendable {
  public struct Name: Equatable, Sendable {
    /// Dotted in an `import`; in a `from … import` an identifier or `*`.
    public var name: String
    public var alias: String?
  }

  /// `import a.b` or `from a import b`.
  public var isFrom: Bool
  /// The dots of a relative `from`.
  public var level: Int
  /// What stands behind `from`; empty for an `import` and for `from . import`.
  public var module: String
  public var names: [Name]
  /// Not at the module's top level: Ansible takes such an import for one that may be missing, be it in a `try`,
  /// an `if` or a function.
  public var isOptional: Bool
}

extension PythonImport {
  /// Behind the keyword `import`, which began the statement.
  static func absolute(_ scan: inout PythonScan, isOptional: Bool) throws(PythonLexer.Failure) -> PythonImport {
    var names: [Name] = []
    var token = try scan.advance()
    while true {
      let name = try scan.dottedName(&token)
      names.append(Name(name: name, alias: try scan.alias(&token)))
      guard scan.isOp(token, ",") else { break }
      token = try scan.advance()
    }
    return PythonImport(isFrom: false, level: 0, module: "", names: names, isOptional: isOptional)
  }

  /// Behind the keyword `from`, which began the statement.
  static func from(_ scan: inout PythonScan, isOptional: Bool) throws(PythonLexer.Failure) -> PythonImport {
    var level = 0
    var token = try scan.advance()
    while scan.isOp(token, ".") {
      level += 1
      token = try scan.advance()
    }
    var module = ""
    if level == 0 || !scan.isName(token, "import") { module = try scan.dottedName(&token) }
    guard scan.isName(token, "import") else { throw scan.invalid(token) }
    token = try scan.advance()

    var result = PythonImport(isFrom: true, level: level, module: module, names: [], isOptional: isOptional)
    if scan.isOp(token, "*") {
      result.names = [Name(name: "*", alias: nil)]
      _ = try scan.advance()
      return result
    }
    let isParenthesised = scan.isOp(token, "(")
    if isParenthesised { token = try scan.advance() }
    while token.kind == .name {
      let name = scan.text(token)
      token = try scan.advance()
      result.names.append(Name(name: name, alias: try scan.alias(&token)))
      guard scan.isOp(token, ",") else { break }
      token = try scan.advance()
    }
    guard !result.names.isEmpty, !isParenthesised || scan.isOp(token, ")") else { throw scan.invalid(token) }
    if isParenthesised { _ = try scan.advance() }
    return result
  }
}

extension PythonScan {
  fileprivate mutating func dottedName(_ token: inout PythonLexer.Token) throws(PythonLexer.Failure) -> String {
    guard token.kind == .name else { throw invalid(token) }
    var name = text(token)
    token = try advance()
    while isOp(token, ".") {
      token = try advance()
      guard token.kind == .name else { throw invalid(token) }
      name += "." + text(token)
      token = try advance()
    }
    return name
  }

  fileprivate mutating func alias(_ token: inout PythonLexer.Token) throws(PythonLexer.Failure) -> String? {
    guard isName(token, "as") else { return nil }
    token = try advance()
    guard token.kind == .name else { throw invalid(token) }
    let alias = text(token)
    token = try advance()
    return alias
  }
}
