/// What the closure's rules need to know about one ansible-core, read from its files rather than from a table of versions.
struct AnsibleInstallation {
  /// The directory of the `ansible` package.
  let path: String
  /// What `ansible/__init__.py` says on the target: Ansible writes it anew, since the controller's imports much else.
  let packageSource: [UInt8]
  /// The series that start modules through a loader of their own (2.19 and later). They send it and the serialisation
  /// profiles with every module, and word some errors differently.
  let hasModuleLoader: Bool
  /// Modules may have resources embedded (2.21 and later).
  let embedsResources: Bool

  init(path: String) throws(ModuleError) {
    self.path = path
    let release: [UInt8]
    do {
      release = try FileSystem.read(path + "/release.py")
    } catch {
      throw ModuleError("no ansible-core at \(path): cannot read release.py there: \(error.reason)")
    }
    var values: [String: String] = [:]
    for line in release.split(separator: Byte.newline) {
      let parts = String(decoding: line, as: UTF8.self).split(separator: "=", maxSplits: 1)
      guard parts.count == 2 else { continue }
      let value = parts[1].drop { $0 == " " }
      guard let quote = value.first, quote == "'" || quote == "\"", value.count >= 2 else { continue }
      values[String(parts[0].prefix { $0 != " " })] = String(value.dropFirst().prefix { $0 != quote })
    }
    packageSource = Array(
      """
      from pkgutil import extend_path
      __path__=extend_path(__path__,__name__)
      __version__="\(values["__version__"] ?? "")"
      __author__="\(values["__author__"] ?? "")"

      """.utf8)
    hasModuleLoader = FileSystem.stamp(path + "/module_utils/" + Self.loader + ".py") != nil
    embedsResources = FileSystem.stamp(path + "/module_utils/embed.py") != nil
  }

  private static let loader = "_internal/_ansiballz/_loader"

  static let moduleUtilsSource = Array(
    """
    from pkgutil import extend_path
    __path__=extend_path(__path__,__name__)

    """.utf8)

  /// What goes with every module whether it imports it or not.
  var alwaysRequired: [String] {
    let basic = ["ansible.module_utils.basic"]
    guard hasModuleLoader else { return basic }
    let profiles = "ansible.module_utils._internal._json._profiles._module_legacy_"
    return basic + ["ansible.module_utils._internal._ansiballz._loader", profiles + "c2m", profiles + "m2c"]
  }

  /// The serialisation profile that a module's arguments and result are in; experimental metadata could name another, and
  /// is off in every release.
  var profile: String? { hasModuleLoader ? "legacy" : nil }

  /// The dotted name under which the module runs, which its relative imports start from.
  func moduleName(of request: ModuleRequest) -> String {
    let site = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    if let tail = request.path.tail(behind: site + "/ansible/modules/"), let name = Self.dotted(tail) {
      return "ansible.modules." + name
    }
    let marker = "/ansible_collections/"
    var search = Substring(request.path)
    while let tail = search.tail(behind: marker) {
      let parts = tail.split(separator: "/", omittingEmptySubsequences: false)
      if parts.count > 4, !parts[0].isEmpty, !parts[1].isEmpty, parts[2] == "plugins", parts[3] == "modules" {
        if let name = Self.dotted(tail) { return "ansible_collections." + name }
        break
      }
      search = "/" + tail
    }
    // Modules in roles and beside playbooks.
    return (hasModuleLoader ? "ansible.legacy." : "ansible.modules.") + request.name
  }

  /// Nil for a path that is no dotted name once its suffix is off.
  private static func dotted(_ tail: Substring) -> String? {
    for suffix in [".py", ".ps1"] where tail.hasSuffix(suffix) {
      let stem = tail.dropLast(suffix.count)
      return stem.contains(".") ? nil : stem.split(separator: "/", omittingEmptySubsequences: false).joined(separator: ".")
    }
    return nil
  }

  func cannotFind(for moduleName: String, candidates: [String]) -> ModuleError {
    // Python's own way to print a list of strings.
    let list = candidates.map { "'\($0)'" }.joined(separator: ", ")
    let gap = hasModuleLoader ? " " : "  "
    return ModuleError(
      "Could not find imported module support code for \(moduleName).\(gap)Looked for ([\(list)])",
      hint: "The import is looked for in the collections and module_utils directories that Ansible was given.")
  }

  func cannotCompile(_ name: String, isModule: Bool, reason: String) -> ModuleError {
    if hasModuleLoader { return ModuleError("Unable to compile '\(name)'.", hint: reason) }
    let tuple = "(" + name.split(separator: ".").map { "'\($0)'" }.joined(separator: ", ") + ")"
    return ModuleError("Unable to import \(isModule ? name : tuple) due to \(reason)")
  }
}

extension StringProtocol {
  /// What follows the first `marker`.
  fileprivate func tail(behind marker: String) -> SubSequence? {
    let bytes = Array(marker.utf8)
    let view = utf8
    var start = view.startIndex
    while start != view.endIndex {
      if view[start] == bytes[0], view[start...].starts(with: bytes) {
        return self[view.index(start, offsetBy: bytes.count)...]
      }
      start = view.index(after: start)
    }
    return nil
  }
}
