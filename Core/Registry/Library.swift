import Plans
import Synchronization

/// One library of the search path: opened when it is first needed, and not called again once it has failed.
final class Library: Sendable {
  let path: String
  let manifest: Manifest
  let origin: RegistryConfiguration.Origin
  let isIsolated: Bool
  private let loadDeadline: Duration
  private let makeRoom: @Sendable () -> any LibraryRoom
  private let state = Mutex(State.closed)
  /// Held while the library is being loaded, so that it is loaded once. Never by a call.
  private let loading = Turn()

  enum State {
    /// Not needed yet. Next: `ready`, `lost`.
    case closed
    /// Loaded and like its manifest. Next: `lost`.
    case ready(any LibraryRoom)
    /// Refused at loading, hung or crashed. Stays so for this run.
    case lost(RegistryError)
  }

  init(
    path: String, manifest: Manifest, origin: RegistryConfiguration.Origin, _ configuration: RegistryConfiguration
  ) {
    self.path = path
    self.manifest = manifest
    self.origin = origin
    let isIsolated = configuration.isIsolated(origin)
    self.isIsolated = isIsolated
    loadDeadline = configuration.loadDeadline
    makeRoom = { () -> any LibraryRoom in
      isIsolated
        ? HelperRoom(path: path, command: configuration.helperCommand, log: configuration.log)
        : OwnRoom(path: path, log: configuration.log)
    }
  }

  /// A word and, where something is wrong, the reason: for listings.
  var condition: (state: String, problem: RegistryError?) {
    state.withLock { state in
      switch state {
      case .closed: ("available", nil)
      case .ready: ("loaded", nil)
      case .lost(let error): ("quarantined", error)
      }
    }
  }

  /// Calls an operation. Throws `PluginRefusal` where the plugin says no, `RegistryError` where it is at fault.
  func call(_ plugin: String, _ operation: Int, _ arguments: [CallArgument], within deadline: Duration) throws -> [UInt8] {
    let room = try ready()
    do {
      return try room.call(plugin, operation, arguments, within: deadline)
    } catch let lost as LibraryLost {
      state.withLock { $0 = .lost(lost.error) }
      throw lost.error
    }
  }

  private func ready() throws -> any LibraryRoom {
    if let room = try current() { return room }
    return try loading.take {
      if let room = try current() { return room }
      do {
        let room = makeRoom()
        if let difference = try room.load(within: loadDeadline).difference(from: manifest, of: path) { throw difference }
        state.withLock { $0 = .ready(room) }
        return room
      } catch {
        let reason = (error as? LibraryLost)?.error ?? (error as? RegistryError)
          ?? RegistryError(
            file: path, item: "loading", expected: "to be loaded", found: "\(error)", remedy: "report it")
        state.withLock { $0 = .lost(reason) }
        throw reason
      }
    }
  }

  private func current() throws(RegistryError) -> (any LibraryRoom)? {
    let now = state.withLock { $0 }
    switch now {
    case .closed: return nil
    case .ready(let room): return room
    case .lost(let error): throw error
    }
  }
}
