/// The files that a module needs on its target, each with its place below the root of what is sent: what Ansible itself
/// puts into a module's archive, found by the same rules in the same order (`recursive_finder` in its module_common.py).
struct ModuleClosure {
  struct Member {
    var blob: Blob
    /// Where it was read; nil if Ansible makes it up.
    var file: String?
    /// Its content before it was stripped, of what is made up or changed.
    var original: [UInt8]?
  }

  private(set) var members: [String: Member] = [:]
  /// The dotted name under which the module runs.
  let moduleName: String
  /// The module's own path among the members.
  let entry: String
  let profile: String?
  private(set) var deprecations: [String] = []
  /// Paths of members that a target may run without until something in them is used.
  private(set) var late: [String] = []

  /// The module's file alone, as it is.
  init(single request: ModuleRequest, source: [UInt8]) {
    let file = request.path.split(separator: "/").last.map(String.init) ?? request.name
    moduleName = request.name
    entry = file
    profile = nil
    members = [file: Member(blob: Blob(source), file: request.path)]
  }

  /// A marker from before modules imported `basic`, which Ansible still replaces.
  private static let marker: StaticString = "#<<INCLUDE_ANSIBLE_MODULE_COMMON>>"

  init(
    request: ModuleRequest, source: [UInt8], in tree: inout UtilTree, _ trees: inout SourceTrees
  ) throws(ModuleError) {
    let installation = tree.installation
    let hasMarker = PythonSource.contains(source, Self.marker)
    let source = hasMarker ? Self.replacingMarker(source) : source
    moduleName = installation.moduleName(of: request)
    entry = moduleName.dottedPath + ".py"
    profile = installation.profile

    for (path, text) in [
      ("ansible/__init__.py", installation.packageSource),
      ("ansible/module_utils/__init__.py", AnsibleInstallation.moduleUtilsSource),
    ] {
      members[path] = Member(blob: Blob(text), original: text)
    }
    let module = try SourceTrees.scan(source, name: request.name, isModule: true, installation)
    var resources = try installation.resources(in: module, name: moduleName)
    let wanted =
      UtilEntry.wanted(by: module.imports, module: moduleName, isPackage: false)
      + installation.alwaysRequired.map { UtilEntry(name: $0) }
    resources += try walk(wanted, &tree, &trees)
    for resource in resources { try add(resource, tree, &trees) }

    members[entry] = Member(blob: module.blob, file: hasMarker ? nil : request.path, original: hasMarker ? source : nil)
    addPackages(above: entry)
    late = Self.unusedAtFirst.filter { path in
      members[path]?.file == installation.path + path.dropFirst("ansible".count)
    }
  }

  /// Files that `basic` imports on every target and hardly any module uses, if they are ansible-core's own: executing them
  /// defines things and does nothing else, so the runner's half does that when one of the things is first asked for.
  /// The copy of `distro` is 6 % of what `command` needs, and imports more of the standard library than all the rest.
  private static let unusedAtFirst = ["ansible/module_utils/distro/_distro.py"]

  private static func replacingMarker(_ source: [UInt8]) -> [UInt8] {
    let replacement = Array("from ansible.module_utils.basic import *".utf8)
    let length = marker.utf8CodeUnitCount
    let text = UnsafeBufferPointer(start: marker.utf8Start, count: length)
    var result: [UInt8] = []
    var index = 0
    while index < source.count {
      if source[index] == text[0], source[index...].starts(with: text) {
        result += replacement
        index += length
      } else {
        result.append(source[index])
        index += 1
      }
    }
    return result
  }

  /// Adds all that is reached from `wanted`; returns the resources that those files ask for.
  private mutating func walk(
    _ wanted: [UtilEntry], _ tree: inout UtilTree, _ trees: inout SourceTrees
  ) throws(ModuleError) -> [EmbedRequests.Resource] {
    var done: Set<String> = ["ansible", "ansible.module_utils"]
    var waiting = Waiting(wanted)
    var resources: [EmbedRequests.Resource] = []
    while let entry = waiting.popFirst() {
      if done.contains(entry.name) { continue }
      // Neither is sent by Ansible, which warns about the first and leaves the second to the target.
      guard entry.name.utf8.starts(with: "ansible.module_utils.".utf8)
        || entry.name.utf8.starts(with: "ansible_collections.".utf8)
        || entry.name == "ansible_collections"
      else { continue }
      guard let found = try tree.find(entry, &trees) else {
        if entry.isOptional { continue }
        throw tree.installation.cannotFind(for: moduleName, candidates: tree.candidates(entry))
      }
      guard done.insert(found.name).inserted else { continue }
      members[found.path] = Member(
        blob: found.blob, file: found.file, original: found.file == nil ? found.blob.bytes : nil)
      resources += found.resources
      deprecations += found.deprecations
      for next in found.wanted where !done.contains(next.name) { waiting.insert(next) }
      var package = found.name.dottedParent
      while !package.isEmpty {
        if !done.contains(package) {
          waiting.insert(
            UtilEntry(name: package, childIsRedirected: found.isRedirected, isOptional: entry.isOptional))
        }
        package = package.dottedParent
      }
    }
    return resources
  }

  private mutating func add(
    _ resource: EmbedRequests.Resource, _ tree: UtilTree, _ trees: inout SourceTrees
  ) throws(ModuleError) {
    let parts = resource.package.dottedParts
    let directory: String
    if parts[0] == "ansible" {
      directory = tree.installation.path + parts[1...].map { "/" + $0 }.joined()
    } else if parts[0] == "ansible_collections", parts.count >= 3,
      let root = tree.collectionRoot(parts[1], parts[2], &trees)
    {
      directory = root + parts[3...].map { "/" + $0 }.joined()
    } else if parts[0] == "ansible_collections" {
      throw ModuleError("Embed package not found while packaging module.", hint: resource.package)
    } else {
      throw ModuleError("Embed must be an ansible/ansible_collections resource.", hint: resource.name)
    }
    let file = directory + "/" + resource.name
    let bytes: [UInt8]
    do {
      bytes = try FileSystem.read(file)
    } catch {
      throw ModuleError("Embed resource '\(resource.name)' not found while packaging module.", hint: error.reason)
    }
    let path = parts.joined(separator: "/") + "/" + resource.name
    members[path] = Member(blob: Blob(bytes), file: file)
    addPackages(above: path)
  }

  private mutating func addPackages(above path: String) {
    var directory = path
    while let slash = directory.utf8.lastIndex(of: UInt8(ascii: "/")) {
      directory = String(directory[..<slash])
      let package = directory + "/__init__.py"
      if members[package] == nil { members[package] = Member(blob: Blob([]), original: []) }
    }
  }
}

/// Names that wait to be looked for; the least comes first, however late it came.
private struct Waiting {
  /// The least is the last.
  private var entries: [UtilEntry]

  init(_ entries: [UtilEntry]) {
    self.entries = entries.sorted(by: >)
  }

  mutating func popFirst() -> UtilEntry? { entries.popLast() }

  mutating func insert(_ entry: UtilEntry) {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle] > entry { low = middle + 1 } else { high = middle }
    }
    if low < entries.count, entries[low] == entry { return }
    entries.insert(entry, at: low)
  }
}
