import Plans
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// A library that is looked at as its author would: from its file, its manifest, and its behaviour in helper processes,
/// a new one for each trial, so that what one breaks the next does not meet.
package struct ExaminedLibrary: Sendable {
  package let path: String
  /// For each trial, its loading included.
  private let deadline: Duration
  private let command: [String]

  package init(
    path: String, deadline: Duration,
    helperCommand: [String] = RegistryConfiguration(folders: []).helperCommand
  ) {
    self.path = path
    self.deadline = deadline
    command = helperCommand
  }

  /// Which symbols it exports and which libraries it needs, once all is checked that a registry checks before it opens
  /// a library.
  package func appearance() throws(RegistryError) -> (exports: [String], needs: [String]) {
    let file = try LibraryFile(path: path)
    defer { close(file.descriptor) }
    return (file.elf.exported.sorted(), file.elf.needed)
  }

  package var manifestPath: String { Manifest.path(forLibrary: path) }

  /// The manifest beside it.
  package func manifest() throws(RegistryError) -> Manifest {
    let manifest = try Catalogue.manifest(manifestPath)
    guard manifest.library == FileSystem.name(of: path) else {
      throw RegistryError(
        file: manifestPath, item: "library", expected: FileSystem.name(of: path), found: manifest.library,
        remedy: "generate it again: mitogen plugins manifest \(path)")
    }
    return manifest
  }

  /// What its table says.
  package func contents() throws -> LibraryContents {
    try unwrapped { try HelperRoom(path: path, command: command) { _ in }.load(within: deadline) }
  }

  /// How the manifest differs from the table.
  package func difference(of manifest: Manifest, from contents: LibraryContents) -> RegistryError? {
    contents.difference(from: manifest, of: path)
  }

  /// Makes the trial with these calls. Throws what ended the process, and what was logged as a mistake.
  package func attempt(_ trial: Trial, _ calls: [TrialCall]) throws -> [Trial.Outcome] {
    var trial = trial
    trial.calls = calls.map { call in
      .init(
        operation: call.operation,
        arguments: call.arguments.map { .init(name: $0.name, length: $0.bytes.count) })
    }
    let mistakes = Mutex<[String]>([])
    let room = HelperRoom(path: path, command: command) { line in
      if line.isMistake { mistakes.withLock { $0.append(line.text) } }
    }
    let bytes = calls.flatMap { $0.arguments.flatMap(\.bytes) }
    let outcomes = try unwrapped {
      _ = try room.load(within: deadline)
      return try room.attempt(trial, bytes, within: deadline)
    }
    if let mistake = mistakes.withLock({ $0.first }) {
      throw RegistryError(
        file: path, item: trial.name, expected: "answers in their calls, of at most \(ReplyTable.limit) bytes",
        found: mistake, remedy: "write to the reply of the call that runs, and look at what the service returns")
    }
    return outcomes
  }

  private func unwrapped<Value>(_ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let lost as LibraryLost {
      // What a run does about it is not the author's affair.
      var error = lost.error
      error.remedy = ""
      throw error
    }
  }
}

/// One call of a trial.
package struct TrialCall: Sendable {
  package var operation: Int
  package var arguments: [(name: String, bytes: [UInt8])]

  package init(_ operation: Int, _ arguments: [(name: String, bytes: [UInt8])] = []) {
    self.operation = operation
    self.arguments = arguments
  }
}
