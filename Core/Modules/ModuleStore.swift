import Plans
import Synchronization

/// Turns a module's path into a program and its blobs, each once.
///
/// `prepare` reads and hashes files on the caller's thread: a few milliseconds for a module that it has not seen, a
/// dictionary lookup and one `stat` for one that it has. A module's own file is looked at on every call. What it imports
/// (module_utils, routing, directories) is read once in the life of the store, which is that of one Ansible run:
/// Ansible too builds a module's archive once in a run.
///
/// Thread-safe; calls take turns.
public final class ModuleStore: Sendable {
  private struct Entry {
    var stamp: FileSystem.Stamp
    var prepared: PreparedModule
  }

  private struct State {
    var prepared: [ModuleRequest: Entry] = [:]
    var trees = SourceTrees()
    var halves: [String: Blob] = [:]
  }

  private let state = Mutex(State())
  /// In the order in which they are asked.
  private let recognisers: [any ModuleRecogniser]

  public init(recognisers: [any ModuleRecogniser]) {
    self.recognisers = recognisers.sorted { ($0.precedence, $0.name) < ($1.precedence, $1.name) }
  }

  /// Which runner runs a module, and how; nil if none recognises it. Reads the module's own file only.
  public func recognise(_ request: ModuleRequest) throws -> RecognisedModule? {
    let source = try read(request)
    guard let runner = try runner(for: source, at: request.path) else { return nil }
    return RecognisedModule(runner: runner.name, plan: try runner.plan(source: source, path: request.path))
  }

  private func read(_ request: ModuleRequest) throws -> [UInt8] {
    do {
      return try FileSystem.read(request.path)
    } catch {
      throw ModuleError("cannot read the module \(request.name) at \(request.path): \(error.reason)", code: "not_found")
    }
  }

  private func runner(for source: [UInt8], at path: String) throws -> (any ModuleRecogniser)? {
    try recognisers.first { try $0.recognises(source: source, path: path) }
  }

  public func prepare(_ request: ModuleRequest) throws -> PreparedModule {
    guard let stamp = FileSystem.stamp(request.path) else {
      throw ModuleError(
        "the module \(request.name) is not at \(request.path)", code: "not_found",
        hint: "Was the file removed while the playbook ran?")
    }
    return try state.withLock { state in
      if let entry = state.prepared[request], entry.stamp == stamp { return entry.prepared }
      let prepared = try prepare(request, &state)
      state.prepared[request] = Entry(stamp: stamp, prepared: prepared)
      return prepared
    }
  }

  private func prepare(_ request: ModuleRequest, _ state: inout State) throws -> PreparedModule {
    let read = try read(request)
    guard let runner = try runner(for: read, at: request.path) else {
      throw ModuleError(
        "no module runner recognises \(request.name) at \(request.path)",
        hint: "`mitogen plugins list` shows the runners that are loaded.")
    }
    let plan = try runner.plan(source: read, path: request.path)
    let source = plan.substitutions.reduce(read) { $0.replacing($1) }
    let half: Blob
    if let known = state.halves[runner.name] {
      half = known
    } else {
      half = Blob(PythonSource.strip(try runner.half()))
      state.halves[runner.name] = half
    }

    let closure =
      switch plan.closure {
      case .python: try state.trees.closure(of: request, source: source)
      case .none: ModuleClosure(single: request, source: source)
      }
    let program = Program(request: request, runner: runner.name, half: half, plan: plan, closure: closure)
    var seen: Set<BlobHash> = [half.hash]
    var blobs = [half]
    var late: [Blob] = []
    for path in closure.members.keys.sorted() where !closure.late.contains(path) {
      guard let blob = closure.members[path]?.blob, seen.insert(blob.hash).inserted else { continue }
      blobs.append(blob)
    }
    for path in closure.late {
      guard let blob = closure.members[path]?.blob, seen.insert(blob.hash).inserted else { continue }
      late.append(blob)
    }
    return PreparedModule(
      program: Blob(program.json), blobs: blobs, late: late, runner: runner.name, directory: plan.directory,
      deprecations: closure.deprecations)
  }
}

extension [UInt8] {
  /// The bytes with each occurrence of the substitution's text replaced.
  fileprivate func replacing(_ substitution: RunPlan.Substitution) -> [UInt8] {
    let text = Array(substitution.text.utf8)
    guard !text.isEmpty else { return self }
    var result: [UInt8] = []
    var at = startIndex
    while at < endIndex {
      if self[at] == text[0], self[at...].starts(with: text) {
        result += substitution.by.utf8
        at += text.count
      } else {
        result.append(self[at])
        at += 1
      }
    }
    return result
  }
}
