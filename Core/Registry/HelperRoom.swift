import Plans

#if canImport(Glibc)
  import Glibc
#endif

/// In a process of its own: what the library does to its process, it does not do to the router.
///
/// `@unchecked Sendable`: `process` is touched only with `turn` held.
final class HelperRoom: LibraryRoom, @unchecked Sendable {
  private let path: String
  private let command: [String]
  private let log: @Sendable (RegistryConfiguration.LogLine) -> Void
  private let turn = Turn()
  private var process: HelperProcess?

  init(path: String, command: [String], log: @escaping @Sendable (RegistryConfiguration.LogLine) -> Void) {
    self.path = path
    self.command = command
    self.log = log
  }

  func load(within deadline: Duration) throws -> LibraryContents {
    try turn.take {
      let what = "loading"
      do throws(HelperProcess.Failure) {
        process = try HelperProcess(command: command)
      } catch {
        throw lost(error, what, deadline)
      }
      guard case .loaded(let contents) = try exchange(.load(path: path), [], what, deadline).0 else {
        throw lost(.garbage, what, deadline)
      }
      return contents
    }
  }

  func call(_ plugin: String, _ operation: Int, _ arguments: [CallArgument], within deadline: Duration) throws -> [UInt8] {
    try turn.take {
      let what = "operation \(OperationForm.name(of: operation)) of \(plugin)"
      let request = HelperRequest.call(
        plugin: plugin, operation: operation,
        arguments: arguments.map { .init(name: $0.name, length: $0.bytes.count) })
      let (response, bytes) = try exchange(request, arguments.flatMap(\.bytes), what, deadline)
      switch response {
      case .answered: return bytes
      case .refused(let refusal): throw refusal
      default: throw lost(.garbage, what, deadline)
      }
    }
  }

  /// What a plugin makes of a trial.
  func attempt(_ trial: Trial, _ bytes: [UInt8], within deadline: Duration) throws -> [Trial.Outcome] {
    try turn.take {
      guard case .tried(let outcomes) = try exchange(.attempt(trial), bytes, trial.name, deadline).0 else {
        throw lost(.garbage, trial.name, deadline)
      }
      return outcomes
    }
  }

  /// One request and its answer; what the plugin logs meanwhile is passed on.
  private func exchange(_ request: HelperRequest, _ bytes: [UInt8], _ what: String, _ deadline: Duration) throws
    -> (HelperResponse, [UInt8])
  {
    guard let process else { throw lost(.ended("its process has ended"), what, deadline) }
    let until = MonotonicTime.now().advanced(by: deadline)
    let header = try RegistryJSON.encode(request)
    do {
      try process.send(HelperMessage(header: header, bytes: bytes).encoded, until: until)
      while true {
        let message = try process.receive(until: until)
        guard let response = try? RegistryJSON.decode(HelperResponse.self, message.header) else {
          throw HelperProcess.Failure.garbage
        }
        switch response {
        case .log(let line): log(line)
        case .failed(let error): throw error
        default: return (response, message.bytes)
        }
      }
    } catch let failure as HelperProcess.Failure {
      throw lost(failure, what, deadline)
    }
  }

  /// Ends the process: it is in a state that nobody knows.
  private func lost(_ failure: HelperProcess.Failure, _ what: String, _ deadline: Duration) -> LibraryLost {
    process = nil
    let remedy = "the library is not called again in this run; report it to its author"
    let error: RegistryError =
      switch failure {
      case .overdue: .overdue(path, what, deadline)
      case .ended(let how): .init(file: path, item: what, expected: "an answer", found: how, remedy: remedy)
      case .garbage:
        .init(file: path, item: what, expected: "an answer", found: "bytes that are no answer", remedy: remedy)
      case .notStarted(let why):
        .init(
          file: path, item: "helper process", expected: "to be started", found: why,
          remedy: "set MITOGEN_PLUGIN_ISOLATION=none if this machine cannot start it")
      }
    return LibraryLost(error: error)
  }
}
