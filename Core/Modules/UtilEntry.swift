/// A dotted name that may be a module_util, as it waits to be looked for.
///
/// The order is Ansible's: by name, part by part, and the first of several entries for a name decides how it is found.
struct UtilEntry: Hashable, Comparable {
  var name: String
  /// From `from x import y`: y may be a module or something inside one.
  var isAmbiguous = false
  /// A redirected name below it may need this package although no file has it.
  var childIsRedirected = false
  /// It may be missing.
  var isOptional = false

  static func < (a: UtilEntry, b: UtilEntry) -> Bool {
    // "." sorts before whatever a name may hold, so names compare as their parts do.
    if a.name != b.name { return a.name < b.name }
    if a.isAmbiguous != b.isAmbiguous { return b.isAmbiguous }
    if a.childIsRedirected != b.childIsRedirected { return b.childIsRedirected }
    return !a.isOptional && b.isOptional
  }
}

extension UtilEntry {
  private static let legacyPrefix = "ansible.module_utils"

  /// What the imports of a source ask for, by Ansible's rules.
  ///
  /// - Parameters:
  ///   - module: the dotted name of the source, which relative imports start from.
  ///   - isPackage: the source is an `__init__.py`, which counts as a level of its own.
  static func wanted(by imports: [PythonImport], module: String, isPackage: Bool) -> [UtilEntry] {
    // Optional anywhere is optional everywhere in this source.
    var isOptional: [String: Bool] = [:]
    func add(_ name: String, _ statement: PythonImport) {
      isOptional[name, default: false] = isOptional[name] == true || statement.isOptional
    }
    for statement in imports {
      guard statement.isFrom else {
        for name in statement.names
        where name.name.hasPrefix(legacyPrefix + ".") || name.name.hasPrefix("ansible_collections.") {
          add(name.name, statement)
        }
        continue
      }
      // `from x import _six` is six's own machinery, not a file.
      if statement.names[0].name == "_six" { continue }
      let source = statement.level > 0 ? absolute(statement, module: module, isPackage: isPackage) : statement.module
      guard source.utf8.starts(with: legacyPrefix.utf8) || isCollectionUtil(source) else { continue }
      for name in statement.names { add(source + "." + name.name, statement) }
    }
    return isOptional.map { UtilEntry(name: $0.key, isAmbiguous: true, isOptional: $0.value) }
  }

  private static func isCollectionUtil(_ source: String) -> Bool {
    guard source.utf8.starts(with: "ansible_collections.".utf8) else { return false }
    if source.hasSuffix("plugins.module_utils") { return true }
    let inner = Array(".plugins.module_utils.".utf8)
    let view = source.utf8
    return view.indices.contains { view[$0] == Byte.dot && view[$0...].starts(with: inner) }
  }

  private static func absolute(_ statement: PythonImport, module: String, isPackage: Bool) -> String {
    let dropped = statement.level - (isPackage ? 1 : 0)
    var parts = Array(module.dottedParts.dropLast(dropped))
    if !statement.module.isEmpty { parts.append(statement.module) }
    return parts.joined(separator: ".")
  }
}
