/// What has been read of the controller's files, shared by all closures of one run: nothing is read twice, and nothing
/// is looked at again.
struct SourceTrees {
  /// A file of module_utils, or a stand-in.
  struct Source {
    var blob: Blob
    var imports: [PythonImport]
    var bytes: [UInt8]
  }

  private var listings: [String: FileSystem.Listing] = [:]
  private var sources: [String: Source] = [:]
  private var installations: [String: AnsibleInstallation] = [:]
  private var routings: [String: Routing] = [:]
  private var utilTrees: [UtilTree.Key: UtilTree] = [:]
  let empty = Source(blob: Blob([]), imports: [], bytes: [])

  mutating func installation(at path: String) throws(ModuleError) -> AnsibleInstallation {
    if let known = installations[path] { return known }
    let installation = try AnsibleInstallation(path: path)
    installations[path] = installation
    return installation
  }

  mutating func listing(_ directory: String) -> FileSystem.Listing {
    if let known = listings[directory] { return known }
    let listing = FileSystem.list(directory)
    listings[directory] = listing
    return listing
  }

  /// `name` is for the message.
  mutating func source(
    at path: String, name: String, _ installation: AnsibleInstallation
  ) throws(ModuleError) -> Source {
    if let known = sources[path] { return known }
    let bytes: [UInt8]
    do {
      bytes = try FileSystem.read(path)
    } catch {
      throw ModuleError("cannot read module support code \(name) at \(path): \(error.reason)")
    }
    let source = try Self.scan(bytes, name: name, isModule: false, installation)
    sources[path] = source
    return source
  }

  static func scan(
    _ bytes: [UInt8], name: String, isModule: Bool, _ installation: AnsibleInstallation
  ) throws(ModuleError) -> Source {
    do throws(PythonLexer.Failure) {
      let scanned = try PythonSource.scan(bytes)
      return Source(blob: Blob(scanned.stripped), imports: scanned.imports, bytes: bytes)
    } catch {
      throw installation.cannotCompile(name, isModule: isModule, reason: error.reason)
    }
  }

  /// By the file that holds it; a collection without one has no routes.
  mutating func routing(_ collection: String, file: String) throws(ModuleError) -> Routing {
    if let known = routings[file] { return known }
    let routing: Routing
    let yaml = (try? FileSystem.read(file)) ?? []
    do throws(YAML.Failure) {
      routing = try Routing(collection: collection, yaml: yaml)
    } catch {
      throw ModuleError(
        "error parsing collection metadata: \(file), line \(error.line): \(error.reason)",
        hint: "Mitogen reads a subset of YAML here; Ansible itself may accept this file.")
    }
    routings[file] = routing
    return routing
  }

  mutating func closure(of request: ModuleRequest, source: [UInt8]) throws(ModuleError) -> ModuleClosure {
    let key = UtilTree.Key(request)
    // Taken out while it is used, so that it is not copied.
    var tree: UtilTree
    if let known = utilTrees.removeValue(forKey: key) {
      tree = known
    } else {
      tree = UtilTree(key, try installation(at: request.ansiblePath))
    }
    defer { utilTrees[key] = tree }
    return try ModuleClosure(request: request, source: source, in: &tree, &self)
  }
}

extension AnsibleInstallation {
  /// `name` is the source's dotted name.
  func resources(in source: SourceTrees.Source, name: String) throws(ModuleError) -> [EmbedRequests.Resource] {
    guard embedsResources else { return [] }
    return try EmbedRequests.resources(in: source.bytes, imports: source.imports, module: name) ?? []
  }
}
