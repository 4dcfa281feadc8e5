/// The `plugin_routing: module_utils:` of a collection's `meta/runtime.yml`, and of ansible-core's own.
struct Routing {
  struct Removal {
    var date: String?
    var version: String?
    var warning: String?

    init?(_ node: YAML.Node?) {
      guard case .mapping(let fields)? = node, !fields.isEmpty else { return nil }
      date = fields["removal_date"]?.text
      version = fields["removal_version"]?.text
      warning = fields["warning_text"]?.text
    }
  }

  struct Entry {
    var redirect: String?
    var tombstone: Removal?
    var deprecation: Removal?
  }

  /// "ns.coll"
  let collection: String
  private let routes: YAML.Section

  /// Only the names of the routes are read here: ansible-core's file has 370 KB, and a module needs few of them or none.
  init(collection: String, yaml: [UInt8]) throws(YAML.Failure) {
    self.collection = collection
    routes = try YAML.Section(at: ["plugin_routing", "module_utils"], in: yaml)
  }

  /// By the name below module_utils.
  func entry(_ name: String) throws(YAML.Failure) -> Entry? {
    guard case .mapping(let fields)? = try routes.value(of: name), !fields.isEmpty else { return nil }
    // A deprecation beside a tombstone has no effect, even beside an empty one.
    return Entry(
      redirect: fields["redirect"]?.text, tombstone: Removal(fields["tombstone"]),
      deprecation: fields["tombstone"] == nil ? Removal(fields["deprecation"]) : nil)
  }

  /// What Ansible's display makes of an entry that is deprecated or removed.
  func notice(_ removal: Removal, name: String, isRemoved: Bool, newWording: Bool) -> String {
    let what = "module_util \(name) has been removed" + (removal.warning.map { " (\($0))." } ?? ".")
    let isCore = collection == "ansible.builtin"
    if newWording {
      let origin = isCore ? "ansible-core" : "collection '\(collection)'"
      let when =
        removal.date.map { " in a release after \($0)" } ?? removal.version.map { " version \($0)" }
        ?? (isRemoved ? "" : " in a future release")
      return "\(what) This feature \(isRemoved ? "was" : "will be") removed from \(origin)\(when)."
    }
    let origin = isCore ? "ansible-core" : collection
    let when =
      removal.date.map { "in a release after \($0)." } ?? removal.version.map { "in version \($0)." }
      ?? "in a future release."
    return isRemoved
      ? "[DEPRECATED]: \(what) This feature was removed from \(origin) \(when) Please update your playbooks."
      : "\(what) This feature will be removed from \(origin) \(when)"
  }

  /// The package that a redirect's stand-in imports: short names mean a collection's module_utils.
  static func target(_ redirect: String, from source: String) throws(ModuleError) -> String {
    if redirect.hasPrefix("ansible_collections") { return redirect }
    let parts = redirect.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count >= 3 else { throw ModuleError("invalid redirect for \(source): \(redirect)") }
    return "ansible_collections.\(parts[0]).\(parts[1]).plugins.module_utils."
      + parts[2...].joined(separator: ".")
  }

  /// The source that stands in for a redirected name.
  static func standIn(for source: String, target: String) -> [UInt8] {
    Array("\nimport sys\nimport \(target) as mod\n\nsys.modules['\(source)'] = mod\n".utf8)
  }
}
