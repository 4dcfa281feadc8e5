import Plans

/// Which module, and where Ansible would look for what it imports: the `module` object of a client's request.
public struct ModuleRequest: Codable, Hashable, Sendable {
  /// As the task names it.
  public var name: String
  public var path: String
  /// The directory of the `ansible` package.
  public var ansiblePath: String
  /// ansible-core's version.
  public var version: String
  /// The directories of Ansible's loader of module_utils, in its order: configured ones, roles' and those beside the playbook.
  /// ansible-core's own comes behind them and need not be named.
  public var utilsPaths: [String]
  /// The directories that hold an `ansible_collections`, in the order in which Ansible looks at them.
  public var collectionsPaths: [String]

  public init(
    name: String, path: String, ansiblePath: String, version: String, utilsPaths: [String] = [],
    collectionsPaths: [String] = []
  ) {
    self.name = name
    self.path = path
    self.ansiblePath = ansiblePath
    self.version = version
    self.utilsPaths = utilsPaths
    self.collectionsPaths = collectionsPaths
  }

  private enum CodingKeys: String, CodingKey {
    case name
    case path
    case ansiblePath = "ansible"
    case version
    case utilsPaths = "utils"
    case collectionsPaths = "collections"
  }

  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    name = try c.decode(String.self, forKey: .name)
    path = try c.decode(String.self, forKey: .path)
    ansiblePath = try c.decode(String.self, forKey: .ansiblePath)
    version = try c.decode(String.self, forKey: .version)
    utilsPaths = try c.decodeIfPresent([String].self, forKey: .utilsPaths) ?? []
    collectionsPaths = try c.decodeIfPresent([String].self, forKey: .collectionsPaths) ?? []
  }
}

/// A module that a node can run: a program, and every blob that it names.
public struct PreparedModule: Sendable {
  /// The JSON of Core/PROTOCOL.md, section 6, "Programs".
  public let program: Blob
  /// What the program needs to start, each once, the runner's Python half among them.
  public let blobs: [Blob]
  /// The rest of what it names: files that may come behind the call (`late` of the program).
  public let late: [Blob]
  /// The name of the runner that recognised the module.
  public let runner: String
  /// Whether the runner's half needs the node's private directory.
  public let directory: Bool
  /// What Ansible would have said about routes that are going away; shown once for a module.
  public let deprecations: [String]
}

/// Which runner runs a module, and how.
public struct RecognisedModule: Equatable, Sendable {
  public let runner: String
  public let plan: RunPlan
}

/// What the store needs of a module runner, whichever library it lives in. Called on the caller's thread.
public protocol ModuleRecogniser: Sendable {
  var name: String { get }
  /// The lower is asked first.
  var precedence: Int { get }
  func recognises(source: [UInt8], path: String) throws -> Bool
  func plan(source: [UInt8], path: String) throws -> RunPlan
  /// The source of the runner's Python half.
  func half() throws -> [UInt8]
}

/// Why a module cannot be prepared.
public struct ModuleError: Error, Equatable, Sendable {
  /// `module`, or `not_found` if the module's own file cannot be read: codes of Core/PROTOCOL.md.
  public var code: String
  /// In Ansible's own words where Ansible has words for it.
  public var message: String
  public var hint: String

  init(_ message: String, code: String = "module", hint: String = "") {
    self.code = code
    self.message = message
    self.hint = hint
  }
}
