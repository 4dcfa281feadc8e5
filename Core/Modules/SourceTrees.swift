/// What has been read of the controller's files, shared by all closures of one run: nothing is read twice, and nothing
/// is looked at again.
struct SourceTrees {
  /// A file of module_utils, or a stand-in.
  struct Source {
    var blob: Blob
    var imports: [PythonImport]
    /// As it was read, if what it embeds has to be looked for.
    var bytes: [UInt8]?
  }

  private var listings: [String: FileSystem.Listing] = [:]
  private var sources: [String: Source] = [:]
  private var installations: [String: AnsibleInstallation] = [:]
  private var routings: [String: Routing] = [:]
  private var utilTrees: [UtilTree.Key: UtilTree] = [:]
  let empty = Source(blob: Blob([]), imports: [])

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
      let scanned = try PythonSource.scan(bytes, isModule: isModule)
      let embeds = EmbedRequests.areImported(by: scanned.imports)
      return Source(blob: Blob(scanned.stripped), imports: scanned.imports, bytes: embeds ? bytes : nil)
    } catch {
      throw installation.cannotCompile(name, isModule: isModule, reason: error.reason)
    }
  }

  /// The route of `name` below module_utils, in the file that holds a collection's routes; without the file there are none.
  mutating func route(
    _ name: String, collection: String, file: String
  ) throws(ModuleError) -> (Routing, Routing.Entry)? {
    do throws(YAML.Failure) {
      if routings[file] == nil {
        routings[file] = try Routing(collection: collection, yaml: (try? FileSystem.read(file)) ?? [])
      }
      guard let routing = routings[file], let entry = try routing.entry(name) else { return nil }
      return (routing, entry)
    } catch {
      throw ModuleError(
        "error parsing collection metadata: \(file), line \(error.line): \(error.reason)",
        hint: "Mitogen reads a subset of YAML here; Ansible itself may accept this file.")
    }
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
    guard embedsResources, let bytes = source.bytes else { return [] }
    return try EmbedRequests.resources(in: bytes, imports: source.imports, module: name)
  }
}
