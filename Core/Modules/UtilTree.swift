/// Finds module_utils as one Ansible with one set of search paths would, and remembers what it found.
struct UtilTree {
  struct Key: Hashable {
    var ansiblePath: String
    var utilsPaths: [String]
    var collectionsPaths: [String]

    init(_ request: ModuleRequest) {
      ansiblePath = request.ansiblePath
      utilsPaths = request.utilsPaths
      collectionsPaths = request.collectionsPaths
    }
  }

  /// A module_util that was found.
  struct Found {
    /// Its own name, which is shorter than the one asked for if that named something inside it.
    var name: String
    /// Below the root of what is sent.
    var path: String
    var blob: Blob
    var wanted: [UtilEntry]
    var resources: [EmbedRequests.Resource]
    var isRedirected: Bool
    var deprecations: [String]
    /// Where it was read; nil if Ansible makes it up.
    var file: String?
  }

  let installation: AnsibleInstallation
  private let utilsPaths: [String]
  private let collectionsPaths: [String]
  private var found: [UtilEntry: Found?] = [:]
  /// The directories of each legacy package that there are, in the order of the search.
  private var legacyDirectories: [String: [(path: String, listing: FileSystem.Listing)]] = [:]

  init(_ key: Key, _ installation: AnsibleInstallation) {
    self.installation = installation
    // Ansible's own directory is always the last.
    utilsPaths = key.utilsPaths + [key.ansiblePath + "/module_utils"]
    collectionsPaths = key.collectionsPaths.map { path in
      var path = path[...]
      while path.count > 1, path.last == "/" { path.removeLast() }
      let isRoot = path == "ansible_collections" || path.hasSuffix("/ansible_collections")
      return isRoot ? String(path) : path + "/ansible_collections"
    }
  }

  /// Nil if there is no such thing.
  mutating func find(_ entry: UtilEntry, _ trees: inout SourceTrees) throws(ModuleError) -> Found? {
    if let known = found[entry] { return known }
    let result = try locate(entry, &trees)
    found[entry] = .some(result)
    return result
  }

  /// The names that an entry may stand for, the likelier first.
  func candidates(_ entry: UtilEntry) -> [String] {
    let dots = entry.name.utf8.count { $0 == Byte.dot }
    if isLegacy(entry.name) {
      // six makes its submodules when it runs.
      let six = "ansible.module_utils.six"
      if entry.name == six || entry.name.utf8.starts(with: (six + ".").utf8) { return [six] }
      return entry.isAmbiguous && dots > 2 ? [entry.name, entry.name.dottedParent] : [entry.name]
    }
    return entry.isAmbiguous && dots > 5 ? [entry.name, entry.name.dottedParent] : [entry.name]
  }

  private static let legacyPrefix = "ansible.module_utils."

  private func isLegacy(_ name: String) -> Bool { name.utf8.starts(with: Self.legacyPrefix.utf8) }

  // MARK: The rules

  private enum Kind {
    case file(String, isPackage: Bool)
    case standIn([UInt8], target: String, deprecation: String?)
    case emptyPackage
  }

  private mutating func locate(_ entry: UtilEntry, _ trees: inout SourceTrees) throws(ModuleError) -> Found? {
    let isLegacy = isLegacy(entry.name)
    if !isLegacy, case let parts = entry.name.dottedParts, parts.count >= 6,
      parts[3] != "plugins" || parts[4] != "module_utils"
    {
      throw ModuleError(
        "CollectionModuleUtilLocator can only locate below ansible_collections.(ns).(coll).plugins.module_utils, got "
          + "(" + parts.map { "'\($0)'" }.joined(separator: ", ") + ")")
    }
    let candidates = candidates(entry)
    for name in candidates {
      // A local file overrides ansible-core's redirect; in a collection the redirect comes first.
      if !isLegacy, let kind = try redirect(name, entry, &trees) { return try read(name, kind, &trees) }
      if let kind = try isLegacy ? legacyFile(name, &trees) : collectionFile(name, &trees) {
        return try read(name, kind, &trees)
      }
      if isLegacy, let kind = try redirect(name, entry, &trees) { return try read(name, kind, &trees) }
    }
    guard entry.childIsRedirected, let last = candidates.last else { return nil }
    return try read(last, .emptyPackage, &trees)
  }

  private mutating func legacyFile(_ name: String, _ trees: inout SourceTrees) throws(ModuleError) -> Kind? {
    let leaf = name.dottedLeaf
    for (directory, listing) in directories(ofLegacy: name.dottedParent, &trees) {
      if listing.directories.contains(leaf), trees.listing(directory + "/" + leaf).files.contains("__init__.py") {
        return .file(directory + "/" + leaf + "/__init__.py", isPackage: true)
      }
      if listing.files.contains(leaf + ".py") { return .file(directory + "/" + leaf + ".py", isPackage: false) }
    }
    return nil
  }

  private mutating func directories(
    ofLegacy package: String, _ trees: inout SourceTrees
  ) -> [(path: String, listing: FileSystem.Listing)] {
    if let known = legacyDirectories[package] { return known }
    let below = package.dottedParts.dropFirst(2).map { "/" + $0 }.joined()
    var found: [(path: String, listing: FileSystem.Listing)] = []
    for base in utilsPaths {
      let listing = trees.listing(base + below)
      if !listing.isEmpty { found.append((base + below, listing)) }
    }
    legacyDirectories[package] = found
    return found
  }

  private func collectionFile(_ name: String, _ trees: inout SourceTrees) throws(ModuleError) -> Kind? {
    let parts = name.dottedParts
    // The packages above module_utils are there, but what they hold is not sent.
    if parts.count < 6 { return .emptyPackage }
    guard let root = collectionRoot(parts[1], parts[2], &trees) else { return nil }
    let leaf = parts[parts.count - 1]
    let directory = root + parts[3..<(parts.count - 1)].map { "/" + $0 }.joined()
    let listing = trees.listing(directory)
    if listing.directories.contains(leaf) {
      // In collections a directory is a package, with or without an __init__.py.
      let package = directory + "/" + leaf
      return trees.listing(package).files.contains("__init__.py")
        ? .file(package + "/__init__.py", isPackage: true) : .emptyPackage
    }
    return listing.files.contains(leaf + ".py") ? .file(directory + "/" + leaf + ".py", isPackage: false) : nil
  }

  /// The first there is on the search path, as Ansible does not merge a collection from several.
  func collectionRoot(_ namespace: String, _ name: String, _ trees: inout SourceTrees) -> String? {
    for path in collectionsPaths
    where trees.listing(path).directories.contains(namespace)
      && trees.listing(path + "/" + namespace).directories.contains(name)
    {
      return path + "/" + namespace + "/" + name
    }
    return nil
  }

  private func redirect(_ name: String, _ entry: UtilEntry, _ trees: inout SourceTrees) throws(ModuleError) -> Kind? {
    let isLegacy = isLegacy(name)
    let parts = isLegacy ? [] : name.dottedParts
    let below =
      isLegacy
      ? String(name.utf8.dropFirst(Self.legacyPrefix.utf8.count))
      : parts.dropFirst(5).joined(separator: ".")
    guard let below, !below.isEmpty else { return nil }
    let collection = isLegacy ? "ansible.builtin" : parts[1] + "." + parts[2]
    let file: String
    if collection == "ansible.builtin" {
      file = installation.path + "/config/ansible_builtin_runtime.yml"
    } else if let root = collectionRoot(parts[1], parts[2], &trees) {
      file = root + "/meta/runtime.yml"
    } else if entry.isOptional {
      return nil
    } else {
      throw ModuleError(
        "error processing module_util \(name) loading redirected collection \(collection): "
          + "unable to locate collection \(collection)")
    }
    guard let (routing, route) = try trees.route(below, collection: collection, file: file) else { return nil }
    func notice(_ removal: Routing.Removal, _ isRemoved: Bool) -> String {
      routing.notice(removal, name: name, isRemoved: isRemoved, newWording: installation.hasModuleLoader)
    }
    if let tombstone = route.tombstone { throw ModuleError(notice(tombstone, true)) }
    guard let redirect = route.redirect else { return nil }
    let target = try Routing.target(redirect, from: name)
    return .standIn(
      Routing.standIn(for: name, target: target), target: target,
      deprecation: route.deprecation.map { notice($0, false) })
  }

  // MARK: What was found

  private mutating func read(_ name: String, _ kind: Kind, _ trees: inout SourceTrees) throws(ModuleError) -> Found {
    let path = name.dottedPath
    var found = Found(
      name: name, path: path + "/__init__.py", blob: trees.empty.blob, wanted: [], resources: [], isRedirected: false,
      deprecations: [], file: nil)
    switch kind {
    case .emptyPackage: break
    case .standIn(let bytes, let target, let deprecation):
      // Every redirect is sent as a package.
      found.blob = Blob(bytes)
      found.isRedirected = true
      found.deprecations = deprecation.map { [$0] } ?? []
      let statement = PythonImport(
        isFrom: false, level: 0, module: "", names: [.init(name: target, alias: nil)], isOptional: false)
      found.wanted = UtilEntry.wanted(by: [statement], module: name, isPackage: true)
    case .file(let file, let isPackage):
      let source = try trees.source(at: file, name: name, installation)
      if !isPackage { found.path = path + ".py" }
      found.file = file
      found.blob = source.blob
      found.wanted = UtilEntry.wanted(by: source.imports, module: name, isPackage: isPackage)
      found.resources = try installation.resources(in: source, name: name)
    }
    return found
  }
}
