import Plans
import Synchronization
import Testing

@testable import Modules

/// Takes sources that hold a word.
struct WordRecogniser: ModuleRecogniser {
  var name: String
  var precedence: Int
  var word: String
  var closure = RunPlan.Closure.python
  var substitutions: [RunPlan.Substitution] = []
  var directory = false

  func recognises(source: [UInt8], path: String) -> Bool { String(decoding: source, as: UTF8.self).contains(word) }
  func plan(source: [UInt8], path: String) -> RunPlan {
    RunPlan(closure: closure, directory: directory, substitutions: substitutions, settings: ["style": word])
  }
  func half() -> [UInt8] { Array("# \(name)\n".utf8) }
}

@Suite struct ModuleStoreTests {
  private let tree = TemporaryTree([
    "ansible/release.py": "__version__ = '2.99.1'\n__author__ = \"Ansible, Inc.\"\n",
    "ansible/config/ansible_builtin_runtime.yml": "plugin_routing:\n  module_utils:\n    moved:\n      redirect: ns.coll.new\n",
    "ansible/module_utils/basic.py": "# comment\nfrom .common import a\n",
    "ansible/module_utils/common/__init__.py": "",
    "ansible/module_utils/common/a.py": "A = 1\n",
    "ansible/modules/ping.py": "from ansible.module_utils.basic import AnsibleModule\n",
    "c/ansible_collections/ns/coll/plugins/module_utils/new.py": "from . import beside\n",
    "c/ansible_collections/ns/coll/plugins/module_utils/beside.py": "",
  ])
  private let store = ModuleStore(recognisers: [
    WordRecogniser(name: "none", precedence: 2, word: "raw", closure: .none),
    WordRecogniser(name: "new-style", precedence: 1, word: "module_utils"),
  ])

  private func request(_ path: String, name: String = "mine", utils: [String] = []) -> ModuleRequest {
    ModuleRequest(
      name: name, path: tree.path + "/" + path, ansiblePath: tree.path + "/ansible", version: "2.99.1",
      utilsPaths: utils.map { tree.path + "/" + $0 }, collectionsPaths: [tree.path + "/c"])
  }

  private func program(_ prepared: PreparedModule) -> String { String(decoding: prepared.program.bytes, as: UTF8.self) }

  /// The paths of a program's files.
  private func files(_ prepared: PreparedModule) -> [String] {
    let text = program(prepared)
    guard let start = text.range(of: "\"files\":{"), let end = text[start.upperBound...].firstIndex(of: "}") else { return [] }
    return text[start.upperBound..<end].split(separator: ",").map { String($0.split(separator: "\"")[0]) }
  }

  @Test func aProgramNamesWhatTheModuleNeeds() throws {
    let prepared = try store.prepare(request("ansible/modules/ping.py", name: "ping"))
    #expect(
      files(prepared) == [
        "ansible/__init__.py", "ansible/module_utils/__init__.py", "ansible/module_utils/basic.py",
        "ansible/module_utils/common/__init__.py", "ansible/module_utils/common/a.py", "ansible/modules/__init__.py",
        "ansible/modules/ping.py",
      ])
    let text = program(prepared)
    #expect(text.hasPrefix("{\"ansible_version\":\"2.99.1\",\"entry\":\"ansible/modules/ping.py\",\"files\":{"))
    #expect(text.hasSuffix(",\"module\":\"ansible.modules.ping\",\"runner\":\"new-style\",\"style\":\"module_utils\"}"))
    #expect(prepared.runner == "new-style")
    // Six contents (the empty one is shared), and the half, of which nothing but the end of its line is left.
    #expect(prepared.blobs.count == 7)
    #expect(prepared.blobs.contains(Blob(Array("\n".utf8))))
    #expect(prepared.blobs.contains(Blob(Array("\nfrom .common import a\n".utf8))))
    let package = "from pkgutil import extend_path\n__path__=extend_path(__path__,__name__)\n"
      + "__version__=\"2.99.1\"\n__author__=\"Ansible, Inc.\"\n"
    #expect(prepared.blobs.contains(Blob(Array(package.utf8))))
  }

  @Test func whatARunnerReplacesIsReplacedBeforeImportsAreLookedFor() throws {
    let store = ModuleStore(recognisers: [
      WordRecogniser(
        name: "replacer", precedence: 1, word: "<<COMMON>>",
        substitutions: [.init("<<COMMON>>", by: "from ansible.module_utils.basic import *")], directory: true)
    ])
    tree.write("old.py", "<<<COMMON>>\nx = '<<COMMON>'\n<<COMMON>>")
    let prepared = try store.prepare(request("old.py", name: "old"))
    #expect(files(prepared).contains("ansible/module_utils/basic.py"))
    let line = "from ansible.module_utils.basic import *"
    #expect(prepared.blobs.contains(Blob(Array("<\(line)\nx = '<<COMMON>'\n\(line)".utf8))))
    #expect(prepared.directory)
  }

  @Test func aModuleIsRecognisedWithoutLookingForWhatItImports() throws {
    tree.write("broken.py", "from ansible.module_utils.nothing import x\n")
    let found = try store.recognise(request("broken.py"))
    #expect(found?.runner == "new-style" && found?.plan.closure == .python)
    tree.write("unknown.py", "nothing\n")
    #expect(try store.recognise(request("unknown.py")) == nil)
    #expect(throws: ModuleError.self) { try store.recognise(request("missing.py")) }
  }

  @Test func theSameModuleHasTheSameHashInEveryStore() throws {
    let first = try store.prepare(request("ansible/modules/ping.py"))
    let other = ModuleStore(recognisers: [WordRecogniser(name: "new-style", precedence: 1, word: "module_utils")])
    #expect(try other.prepare(request("ansible/modules/ping.py")).program == first.program)
  }

  @Test func aModuleThatChangesIsReadAgain() throws {
    tree.write("m.py", "import ansible.module_utils.basic  # 1\n")
    let first = try store.prepare(request("m.py"))
    tree.write("m.py", "import ansible.module_utils.common.a  # 22\n")
    let second = try store.prepare(request("m.py"))
    #expect(first.program != second.program)
  }

  @Test func whatAModuleImportsIsReadOnceInARun() throws {
    tree.write("u/extra.py", "E = 1\n")
    tree.write("m.py", "from ansible.module_utils.extra import E\n")
    let first = try store.prepare(request("m.py", utils: ["u"]))
    tree.write("u/extra.py", "E = 2\n")
    tree.write("n.py", "from ansible.module_utils.extra import E\n")
    let second = try store.prepare(request("n.py", name: "other", utils: ["u"]))
    let shared = Set(first.blobs).intersection(second.blobs)
    #expect(shared.contains(Blob(Array("E = 1\n".utf8))))
  }

  @Test func redirectsAreSentAsPackages() throws {
    tree.write("m.py", "from ansible.module_utils.moved import x\n")
    let names = files(try store.prepare(request("m.py")))
    #expect(names.contains("ansible/module_utils/moved/__init__.py"))
    #expect(names.contains("ansible_collections/ns/coll/plugins/module_utils/new.py"))
    #expect(names.contains("ansible_collections/ns/coll/plugins/module_utils/beside.py"))
    #expect(names.contains("ansible_collections/ns/coll/__init__.py"))
  }

  @Test func theFirstRecogniserWinsAndMayTakeTheFileAlone() throws {
    tree.write("raw", "raw, # kept\n")
    let prepared = try store.prepare(request("raw"))
    #expect(prepared.runner == "none")
    #expect(prepared.blobs.contains(Blob(Array("raw, # kept\n".utf8))))
    tree.write("both", "raw\nimport ansible.module_utils.basic\n")
    #expect(try store.prepare(request("both")).runner == "new-style")
  }

  @Test func refusalsSayWhatAndWhere() throws {
    #expect(throws: ModuleError("the module mine is not at \(tree.path)/nothing", code: "not_found",
      hint: "Was the file removed while the playbook ran?")) { try store.prepare(request("nothing")) }
    tree.write("m.py", "text\n")
    #expect(throws: ModuleError("no module runner recognises mine at \(tree.path)/m.py",
      hint: "`mitogen plugins list` shows the runners that are loaded.")) { try store.prepare(request("m.py")) }
    tree.write("m.py", "from ansible.module_utils.no.such import x\n")
    let error = #expect(throws: ModuleError.self) { try store.prepare(request("m.py")) }
    #expect(error?.message == "Could not find imported module support code for ansible.modules.mine.  "
      + "Looked for (['ansible.module_utils.no.such.x', 'ansible.module_utils.no.such'])")
    tree.write("m.py", "import ansible.module_utils.basic\nx = 'no end\n")
    let second = #expect(throws: ModuleError.self) { try store.prepare(request("m.py")) }
    #expect(second?.message == "Unable to import mine due to unterminated string literal")
  }

  @Test func threadsMayAskTogether() async throws {
    let paths = (0..<8).map { "m\($0).py" }
    for path in paths { tree.write(path, "import ansible.module_utils.basic\n# \(path)\n") }
    let requests = paths.map { request($0, name: String($0.dropLast(3))) }
    let store = store
    let runners = await withTaskGroup(of: String?.self) { group in
      for request in requests + requests { group.addTask { try? store.prepare(request).runner } }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(runners == Array(repeating: "new-style", count: 16))
  }
}

extension String {
  /// Foundation's `range(of:)`, as far as a test needs it.
  fileprivate func range(of text: String) -> Range<String.Index>? {
    indices.first { self[$0...].hasPrefix(text) }.map { $0..<index($0, offsetBy: text.count) }
  }
}

@Suite struct NameTests {
  @Test func modulesAreNamedByTheirPath() throws {
    let tree = TemporaryTree(["site/ansible/release.py": ""])
    let installation = try AnsibleInstallation(path: tree.path + "/site/ansible")
    func name(_ path: String) -> String {
      installation.moduleName(of: ModuleRequest(name: "n", path: path, ansiblePath: "", version: ""))
    }
    #expect(name(tree.path + "/site/ansible/modules/command.py") == "ansible.modules.command")
    #expect(name("/c/ansible_collections/a/b/plugins/modules/d/e.py") == "ansible_collections.a.b.plugins.modules.d.e")
    #expect(name("/c/ansible_collections/a/b/plugins/modules/e.x.py") == "ansible.modules.n")
    #expect(name("/roles/library/e.py") == "ansible.modules.n")
    #expect(name("/roles/library/e") == "ansible.modules.n")
  }

  @Test func entriesSortAsAnsibleSortsThem() {
    let entries = [
      UtilEntry(name: "a"), UtilEntry(name: "a", isOptional: true), UtilEntry(name: "a", isAmbiguous: true), UtilEntry(name: "a.*"),
      UtilEntry(name: "a.b"), UtilEntry(name: "ab"),
    ]
    #expect(entries.shuffled().sorted() == entries)
  }
}
