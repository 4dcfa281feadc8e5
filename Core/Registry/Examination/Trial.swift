import PluginABI
import Plans
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// Calls to one plugin as no router of today makes them, and as the header allows: what `mitogen plugins check` has a
/// helper process do.
package struct Trial: Codable, Equatable, Sendable {
  struct Call: Codable, Equatable, Sendable {
    var operation: Int
    /// Their bytes come behind the message's header, for all calls in turn.
    var arguments: [HelperRequest.Part]
  }

  /// What came of one call.
  package enum Outcome: Codable, Equatable, Sendable {
    case answered(String)
    case refused(PluginRefusal)
    case failed(RegistryError)
  }

  /// For messages: what is tried.
  package var name: String
  package var plugin: String
  var calls: [Call] = []
  /// NULL for each argument with a `?`, whether there is a value or not.
  package var leavesOutOptional = false
  /// The host's table is that of a later 1.x.
  package var isHostLater = false
  /// Each makes all calls on an instance of its own.
  package var threads = 1
  /// How often each thread makes all calls.
  package var rounds = 1
  /// Ends the instances afterwards.
  package var closes = false

  package init(_ name: String, plugin: String) {
    self.name = name
    self.plugin = plugin
  }
}

extension Trial {
  /// In the helper process: makes the calls. The outcomes are the first thread's, and one more where something beside
  /// the calls failed.
  func run(_ plugin: LoadedPlugin, _ bytes: [UInt8]) throws -> [Outcome] {
    var offset = 0
    let given = try calls.map { call -> (operation: Int, arguments: [CallArgument]) in
      guard let arguments = HelperRequest.arguments(call.arguments, in: bytes, from: &offset) else {
        throw RegistryError(
          file: "", item: "trial", expected: "its arguments", found: "fewer bytes", remedy: "this is a fault of mitogen")
      }
      return (call.operation, arguments)
    }
    let shared = Shared(plugin: plugin)
    let found = Mutex([[Outcome]](repeating: [], count: threads))
    Self.sideBySide(threads) { thread in
      let outcomes = self.outcomes(of: given, on: shared.plugin)
      found.withLock { $0[thread] = outcomes }
    }
    let all = found.withLock { $0 }
    if let other = all.first(where: { $0 != all[0] }) {
      let at = all[0].indices.first { !other.indices.contains($0) || other[$0] != all[0][$0] } ?? all[0].count
      return all[0]
        + [
          .failed(
            plugin.error(
              name, expected: "the same answers on each thread", found: "others in call \(at + 1)",
              remedy: "keep what changes in the instance, or guard it"))
        ]
    }
    return all[0]
  }

  /// All rounds on a new instance.
  private func outcomes(of given: [(operation: Int, arguments: [CallArgument])], on plugin: LoadedPlugin) -> [Outcome] {
    let host = isHostLater ? HostServices.laterTable : HostServices.table
    var outcomes: [Outcome] = []
    let instance: UnsafeMutableRawPointer?
    do {
      instance = try plugin.open(host)
    } catch {
      return [Outcome(error)]
    }
    for _ in 0..<rounds {
      for (operation, arguments) in given {
        outcomes.append(call(operation, arguments, on: instance, host, plugin))
      }
    }
    if closes, plugin.canClose {
      do {
        _ = try plugin.invoke(MITOGEN_CLOSE, on: instance, [:], host: host)
      } catch {
        outcomes.append(Outcome(error))
      }
    }
    return outcomes
  }

  private func call(
    _ operation: Int, _ arguments: [CallArgument], on instance: UnsafeMutableRawPointer?,
    _ host: UnsafeMutableRawPointer, _ plugin: LoadedPlugin
  ) -> Outcome {
    let lent = arguments.map { (name: $0.name, bytes: LentBytes($0.bytes)) }
    defer { for (_, bytes) in lent { bytes.takeBack() } }
    let values = Dictionary(uniqueKeysWithValues: lent.map { ($0.name, $0.bytes.argument) })
    do {
      let answer = try plugin.invoke(operation, on: instance, values, host: host, leavesOutOptional: leavesOutOptional)
      guard let text = String(validating: answer, as: UTF8.self) else {
        throw plugin.error(
          "answer", expected: "UTF-8", found: "bytes that are none",
          remedy: "refuse what is no UTF-8, or do not pass it on")
      }
      return .answered(text)
    } catch {
      return Outcome(error)
    }
  }

  /// The plugin's tables are read only once they are loaded, and the header lets instances be called side by side.
  private struct Shared: @unchecked Sendable { let plugin: LoadedPlugin }

  /// Runs `body` on so many threads and waits for all of them.
  private static func sideBySide(_ count: Int, _ body: @escaping @Sendable (_ thread: Int) -> Void) {
    final class Work: Sendable {
      let body: @Sendable () -> Void
      init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let threads = (0..<count).map { number in
      var thread = pthread_t()
      let result = pthread_create(
        &thread, nil,
        { context in
          guard let context else { return nil }
          Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body()
          return nil
        }, Unmanaged.passRetained(Work { body(number) }).toOpaque())
      precondition(result == 0, "no thread to be had: \(SystemError(result))")
      return thread
    }
    for thread in threads { pthread_join(thread, nil) }
  }
}

extension Trial.Outcome {
  fileprivate init(_ error: any Error) {
    switch error {
    case let refusal as PluginRefusal: self = .refused(refusal)
    case let error as RegistryError: self = .failed(error)
    default: self = .failed(RegistryError(file: "", item: "call", expected: "an answer", found: "\(error)", remedy: "report it"))
    }
  }
}
