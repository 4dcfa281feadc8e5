import Registry

#if canImport(Glibc)
  import Glibc
#endif

/// The play that every way in has to pass, over the hosts of an author's inventory, which a library of the author's leads to.
///
/// It runs the `ansible-playbook` that is on the PATH, since that is what users run.
public struct LivePlay: Sendable {
  public let library: String
  public let inventory: String
  /// What switches Ansible over to this installation, over this process's own environment; with MITOGEN_PLUGIN_PATH where
  /// that is set.
  public let settings: [String: String]

  public init(library: String, inventory: String, settings: [String: String]) {
    self.library = library
    self.inventory = inventory
    self.settings = settings
  }

  /// Calls `report` for each task of each host, as it ends. Blocks.
  ///
  /// - Parameter methods: what `ansible_connection` or `ansible_become_method` of each host has to be one of.
  public func run(methods: [String], _ report: (Verdict) -> Void) {
    do throws(Unrunnable) {
      guard !methods.isEmpty else { throw Unrunnable(description: "expected a connection or become method in the library, found none") }
      let folder = try ScratchFolder()
      defer { folder.remove() }
      try write(into: folder.path, methods)
      var told = LiveVerdicts()
      let status = try PlaybookRun(command: command(folder.path), environment: environment(folder.path)).lines { line in
        if let verdict = told.verdict(on: line) { report(verdict) }
      }
      if let verdict = told.verdict(onStatus: status) { report(verdict) }
    } catch {
      report(.init(grade: .fail, item: "live", text: "\(error)"))
    }
  }

  struct Unrunnable: Error, CustomStringConvertible {
    var description: String
  }

  private func command(_ folder: String) -> [String] {
    ["ansible-playbook", "-i", inventory, "-e", "@\(folder)/variables.json", "\(folder)/play.yml"]
  }

  /// The library's folder comes first, so that no other is tried in its place.
  func environment(_ folder: String) -> [String: String] {
    var all = settings
    let slash = library.lastIndex(of: "/")
    let place = slash.map { String(library[..<$0]) } ?? "."
    all["MITOGEN_PLUGIN_PATH"] = place + (settings["MITOGEN_PLUGIN_PATH"].map { ":\($0)" } ?? "")
    all["ANSIBLE_CALLBACK_PLUGINS"] = folder + (settings["ANSIBLE_CALLBACK_PLUGINS"].map { ":\($0)" } ?? "")
    all["ANSIBLE_STDOUT_CALLBACK"] = "verdicts"
    return all
  }

  /// Of the file that goes and comes back: more than travels in one message.
  private static let large = 5 << 20

  private func write(into folder: String, _ methods: [String]) throws(Unrunnable) {
    // Nobody on a target can know the name before, and no other run has it.
    let run = String(UInt64.random(in: .min ... .max), radix: 16)
    let variables = Variables(scratch: folder, run: run, methods: methods)
    guard let json = try? RegistryJSON.encode(variables) else { throw Unrunnable(description: "names that are no text") }
    let files: [(String, [UInt8])] = [
      ("play.yml", PackageResources.play_yml), ("tasks.yml", PackageResources.tasks_yml), ("say.sh", PackageResources.say_sh),
      ("verdicts.py", PackageResources.verdicts_py), ("variables.json", json),
      ("large", (0..<Self.large).map { UInt8(truncatingIfNeeded: $0 ^ ($0 >> 8)) }),
    ]
    for (name, bytes) in files { try ScratchFolder.write(bytes, to: "\(folder)/\(name)") }
  }

  private struct Variables: Encodable {
    var scratch: String
    var run: String
    var methods: [String]
  }
}

/// What the callback's lines come to.
struct LiveVerdicts {
  private struct Line: Decodable {
    var grade: String
    var host: String
    var task: String
    var text: String
  }

  private var count = 0
  private var hasFailed = false
  /// What Ansible said beside: why it did not begin, where it did not.
  private var aside: [String] = []

  /// `nil` for a line that is none of the callback's.
  mutating func verdict(on line: String) -> Verdict? {
    guard let said = try? RegistryJSON.decode(Line.self, Array(line.utf8)) else {
      if !line.isEmpty { aside.append(line) }
      return nil
    }
    count += 1
    let grade: Verdict.Grade = said.grade == "ok" ? .ok : said.grade == "note" ? .note : .fail
    if grade == .fail { hasFailed = true }
    return Verdict(grade: grade, item: "live \(said.host): \(said.task)", text: said.text)
  }

  /// What is to be said when Ansible has ended; `nil` where all was said.
  func verdict(onStatus status: Int32) -> Verdict? {
    if hasFailed { return nil }
    let words = aside.suffix(3).joined(separator: " / ")
    if status != 0 {
      return Verdict(grade: .fail, item: "live", text: "ansible-playbook ended with \(status)" + (words.isEmpty ? "" : ": \(words)"))
    }
    return count > 0 ? nil : Verdict(grade: .fail, item: "live", text: "expected hosts in the inventory, found none")
  }
}
