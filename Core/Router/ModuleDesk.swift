import Glibc
import Modules
import NIOCore
import NIOPosix
import Plans
import Registry
import Synchronization
import Wire

/// From a client's description of a module to the program that runs it. What was prepared once is found again by
/// the request's own bytes; the module's file is looked at each time, since a playbook may change it.
final class ModuleDesk {
  private struct Signature: Equatable { var size: Int64, seconds: Int64, nanoseconds: Int64 }
  private struct Entry { var module: PreparedModule, signature: Signature }

  private let registry: Registry
  /// Made when the first module is asked for: the runners' manifests are read then. Only on the desk.
  private let store = LazyStore()
  private var ready: [ByteBuffer: Entry] = [:]
  private static let limit = 4096

  init(registry: Registry) { self.registry = registry }

  /// The program, if it was prepared and the file is as it was.
  func known(_ header: ByteBuffer, path: String) -> PreparedModule? {
    guard let entry = ready[header], entry.signature == Self.signature(path) else { return nil }
    return entry.module
  }

  func prepare(
    _ request: ModuleRequest, header: ByteBuffer, on desk: NIOThreadPool, loop: any EventLoop,
    then: @escaping (Result<PreparedModule, Failure>) -> Void
  ) {
    let (store, registry) = (self.store, self.registry)
    desk.runIfActive(eventLoop: loop) { () -> (Signature?, Result<PreparedModule, Failure>) in
      let signature = Self.signature(request.path)
      do {
        return (signature, .success(try store.get(registry).prepare(request)))
      } catch {
        return (signature, .failure(Failure(module: error)))
      }
    }.assumeIsolated().whenComplete { outcome in
      switch outcome {
      case .success((let signature, let result)):
        if case .success(let module) = result, let signature {
          if self.ready.count >= Self.limit { self.ready.removeAll(keepingCapacity: true) }
          self.ready[header] = Entry(module: module, signature: signature)
        }
        then(result)
      case .failure:
        then(.failure(Failure(code: "internal", message: "the router is shutting down")))
      }
    }
  }

  func recognise(
    _ request: ModuleRequest, on desk: NIOThreadPool, loop: any EventLoop,
    then: @escaping (Result<RecognisedModule?, Failure>) -> Void
  ) {
    let (store, registry) = (self.store, self.registry)
    desk.runIfActive(eventLoop: loop) { () -> Result<RecognisedModule?, Failure> in
      do {
        return .success(try store.get(registry).recognise(request))
      } catch {
        return .failure(Failure(module: error))
      }
    }.assumeIsolated().whenComplete { outcome in
      then((try? outcome.get()) ?? .failure(Failure(code: "internal", message: "the router is shutting down")))
    }
  }

  private static func signature(_ path: String) -> Signature? {
    var info = stat()
    guard stat(path, &info) == 0 else { return nil }
    return Signature(size: Int64(info.st_size), seconds: Int64(info.st_mtim.tv_sec), nanoseconds: Int64(info.st_mtim.tv_nsec))
  }
}

/// The module store, made from the registry's runners on first use.
private final class LazyStore: Sendable {
  private let made = Mutex<ModuleStore?>(nil)

  func get(_ registry: Registry) throws -> ModuleStore {
    if let store = made.withLock({ $0 }) { return store }
    let store = ModuleStore(recognisers: try registry.runners().map(Recogniser.init))
    made.withLock { $0 = store }
    return store
  }
}

/// A runner of the registry, as the module store asks it.
private struct Recogniser: ModuleRecogniser {
  let runner: RunnerPlugin
  var name: String { runner.name }
  var precedence: Int { runner.precedence }
  func recognises(source: [UInt8], path: String) throws -> Bool { try runner.recognises(source: source, path: path) }
  func plan(source: [UInt8], path: String) throws -> RunPlan { try runner.plan(source: source, path: path) }
  func half() throws -> [UInt8] { try runner.half() }
}
