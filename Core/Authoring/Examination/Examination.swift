import Plans
import PluginABI
import Registry

/// The harness for authors: asks a library all that the header promises of it, in helper processes, so that a crash is a
/// verdict.
public struct Examination: Sendable {
  let library: ExaminedLibrary

  /// - Parameters:
  ///   - deadline: for each trial, its loading included.
  public init(library path: String, deadline: Duration = .seconds(10)) {
    library = ExaminedLibrary(path: path, deadline: deadline)
  }

  /// A case of the author's, and the name of its file.
  public struct CaseFile: Sendable {
    public var name: String
    public var bytes: [UInt8]

    public init(name: String, bytes: [UInt8]) {
      self.name = name
      self.bytes = bytes
    }
  }

  /// Calls `report` for each check, in turn. Blocks.
  ///
  /// - Returns: the names of the connection and become methods that the library has; `nil` where it could not be loaded.
  public func run(cases: [CaseFile] = [], _ report: (Verdict) -> Void) -> [String]? {
    guard appearance(report) else { return nil }
    let contents: LibraryContents
    do {
      contents = try library.contents()
    } catch {
      report(failure("loading", error))
      return nil
    }
    report(.init(grade: .ok, item: "loading", text: "version \(contents.version), ABI \(contents.abi), \(Self.names(contents))"))
    for what in contents.leftAside {
      report(.init(grade: .note, item: "loading", text: "\(what) is not known to ABI 1.0, and left aside"))
    }
    let manifest = self.manifest(contents, report)
    for plugin in contents.plugins {
      guard let declaration = self.declaration(of: plugin, manifest, report) else { continue }
      if case .connectionMethod = plugin.kind { examineConnection(plugin.name, declaration, report) }
      if case .moduleRunner = plugin.kind { examineRunner(plugin.name, report) }
    }
    for file in cases { report(verdict(on: file, contents)) }
    return contents.plugins.filter { $0.kind == .connectionMethod }.map(\.name)
  }

  private static func names(_ contents: LibraryContents) -> String {
    contents.plugins.map { "\($0.kind.name) \($0.name)" }.joined(separator: ", ")
  }

  func failure(_ item: String, _ error: any Error) -> Verdict {
    switch error {
    // Its file is the one that is examined.
    case let error as RegistryError:
      .init(
        grade: .fail, item: item,
        text: (item.hasPrefix(error.item) ? "" : "\(error.item): ") + "expected \(error.expected), found \(error.found)"
          + (error.remedy.isEmpty ? "" : "; \(error.remedy)"))
    default: .init(grade: .fail, item: item, text: "\(error)")
    }
  }

  // MARK: The files

  /// False: it is not opened.
  private func appearance(_ report: (Verdict) -> Void) -> Bool {
    do throws(RegistryError) {
      let (exports, needs) = try library.appearance()
      let others = exports.filter { $0 != MITOGEN_ENTRY }
      report(
        others.isEmpty
          ? .init(grade: .ok, item: "exports", text: "\(MITOGEN_ENTRY), and nothing else")
          : .init(
            grade: .fail, item: "exports",
            text: "expected \(MITOGEN_ENTRY) alone, found also \(others.prefix(5).joined(separator: ", "))"
              + (others.count > 5 ? " and \(others.count - 5) more" : "") + "; link it with a version script, or hide them"))
      report(
        .init(grade: .ok, item: "linkage", text: needs.isEmpty ? "needs no library" : "needs \(needs.joined(separator: ", "))"))
      return true
    } catch {
      let item = error.item == "exported symbols" ? "exports" : "linkage"
      var error = error
      if item == "exports" { error.item = item }
      report(failure(item, error))
      return false
    }
  }

  private func manifest(_ contents: LibraryContents, _ report: (Verdict) -> Void) -> Manifest? {
    do throws(RegistryError) {
      let manifest = try library.manifest()
      if let difference = library.difference(of: manifest, from: contents) { throw difference }
      report(.init(grade: .ok, item: "manifest", text: "says of the library what its table says"))
      return manifest
    } catch {
      report(failure("manifest", error))
      return nil
    }
  }

  // MARK: What every plugin has

  private func declaration(
    of plugin: LibraryContents.Plugin, _ manifest: Manifest?, _ report: (Verdict) -> Void
  ) -> PluginDeclaration? {
    if case .unknown = plugin.kind { return nil }
    let item = "operation describe of \(plugin.name)"
    do {
      let calls = [TrialCall(MITOGEN_DESCRIBE), TrialCall(MITOGEN_DESCRIBE)]
      let outcomes = try library.attempt(Trial(item, plugin: plugin.name), calls)
      let declaration = try decode(PluginDeclaration.self, outcomes.first, item)
      guard outcomes.count == 2, outcomes[0] == outcomes[1] else {
        report(.init(grade: .fail, item: item, text: "expected the same answer at every call, found another at the second"))
        return declaration
      }
      for fault in declaration.faults { report(.init(grade: .fail, item: item, text: fault)) }
      if let said = manifest?.plugins.first(where: { $0.name == plugin.name && $0.kind == plugin.kind }),
        said.declaration != declaration
      {
        report(
          .init(
            grade: .fail, item: item,
            text: "expected what the manifest holds, found something else; generate it again: mitogen plugins manifest \(library.path)"))
      } else if declaration.faults.isEmpty {
        let options = declaration.options.map(\.name)
        report(.init(grade: .ok, item: item, text: options.isEmpty ? "no options" : "options \(options.joined(separator: ", "))"))
      }
      examineInstances(plugin.name, report)
      return declaration
    } catch {
      report(failure(item, error))
      return nil
    }
  }

  /// What may be done with instances of any plugin.
  private func examineInstances(_ plugin: String, _ report: (Verdict) -> Void) {
    var later = Trial("a later host", plugin: plugin)
    later.isHostLater = true
    report(verdict(on: later, [TrialCall(MITOGEN_DESCRIBE)], "opens, and describes itself"))
    var twice = Trial("two instances", plugin: plugin)
    twice.threads = 2
    twice.rounds = 20
    twice.closes = true
    report(verdict(on: twice, [TrialCall(MITOGEN_DESCRIBE)], "open, answer and close beside each other"))
  }

  // MARK: Outcomes

  /// The verdict on a trial whose calls must be answered.
  func verdict(on trial: Trial, _ calls: [TrialCall], _ words: String) -> Verdict {
    judged(trial, calls) { outcomes in
      for outcome in outcomes { _ = try answer(outcome) }
      return words
    }
  }

  /// The verdict on a trial: what `judge` says, or throws.
  func judged(_ trial: Trial, _ calls: [TrialCall], _ judge: ([Trial.Outcome]) throws -> String) -> Verdict {
    let item = "\(trial.name) of \(trial.plugin)"
    do {
      return .init(grade: .ok, item: item, text: try judge(library.attempt(trial, calls)))
    } catch {
      return failure(item, error)
    }
  }

  /// What was answered. Throws the refusal or the failure in its place.
  func answer(_ outcome: Trial.Outcome?) throws -> String {
    switch outcome {
    case .answered(let text): return text
    case .refused(let refusal): throw refusal
    case .failed(let error): throw error
    case nil: throw Unmet(expected: "an answer", found: "none")
    }
  }

  func decode<Value: Decodable>(_ type: Value.Type, _ outcome: Trial.Outcome?, _ item: String) throws -> Value {
    let text = try answer(outcome)
    do {
      return try RegistryJSON.decode(type, Array(text.utf8))
    } catch {
      throw Unmet(expected: "JSON as mitogen_plugin.h says", found: RegistryJSON.explanation(error))
    }
  }

  /// A refusal that tells its user something is as good an answer as any. Throws what is none.
  func served(_ outcome: Trial.Outcome?) throws -> String {
    switch outcome {
    case .answered: return "answered"
    case .refused(let refusal):
      guard !refusal.message.isEmpty, !refusal.message.contains(PluginRefusal.unexplained) else {
        throw Unmet(expected: #"a refusal that says why: {"code","message","hint"}"#, found: refusal.message)
      }
      return "refused: \(refusal)"
    case .failed(let error): throw error
    case nil: throw Unmet(expected: "an answer or a refusal", found: "none")
    }
  }

  /// Not what a check expects.
  struct Unmet: Error, CustomStringConvertible {
    var expected: String
    var found: String
    var description: String { "expected \(expected), found \(found)" }
  }
}
