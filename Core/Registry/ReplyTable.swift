import PluginABI
import Synchronization

/// The answers that are being written. A plugin holds a handle: slot and generation in one number, so that a
/// handle that is kept after its call has returned matches nothing, whoever uses the slot by then.
enum ReplyTable {
  /// An answer larger than this is a runaway plugin's: the largest real one is a runner's Python half.
  static let limit = 16 << 20

  private struct Slot {
    var generation: UInt64 = 0
    var bytes: [UInt8]?
    /// Also of the last answer, to name who writes too late.
    var owner: LibraryIdentity
  }

  private static let slots = Mutex<[Slot]>([])
  private static let slotBits: UInt64 = 12

  /// Returns the handle, as the address that the plugin is given.
  static func open(_ owner: LibraryIdentity) -> UnsafeMutableRawPointer? {
    slots.withLock { slots in
      let free = slots.firstIndex { $0.bytes == nil } ?? slots.count
      guard free < 1 << slotBits else { return nil }
      if free == slots.count { slots.append(Slot(owner: owner)) }
      slots[free].generation += 1
      slots[free].bytes = []
      slots[free].owner = owner
      return UnsafeMutableRawPointer(bitPattern: UInt(slots[free].generation << slotBits | UInt64(free)))
    }
  }

  /// Ends the answer: from here on its handle is stale.
  static func close(_ handle: UnsafeMutableRawPointer) -> [UInt8] {
    slots.withLock { slots in
      let (slot, _) = parts(handle)
      defer { slots[slot].bytes = nil }
      return slots[slot].bytes ?? []
    }
  }

  static func write(_ handle: UnsafeRawPointer?, _ address: UnsafeRawPointer?) -> Int32 {
    guard let handle, let bytes = address?.assumingMemoryBound(to: mitogen_bytes.self).pointee,
      bytes.data != nil || bytes.length == 0
    else { return Int32(MITOGEN_MISSING) }
    let (slot, generation) = parts(handle)
    let (result, owner): (Int, LibraryIdentity?) = slots.withLock { slots in
      guard slots.indices.contains(slot) else { return (MITOGEN_STALE, nil) }
      guard slots[slot].generation == generation, let held = slots[slot].bytes?.count else {
        return (MITOGEN_STALE, slots[slot].owner)
      }
      guard bytes.length <= limit - held else { return (MITOGEN_TOO_MUCH, slots[slot].owner) }
      slots[slot].bytes?.append(contentsOf: UnsafeBufferPointer(start: bytes.data, count: bytes.length))
      return (MITOGEN_OK, nil)
    }
    if result == MITOGEN_STALE {
      owner?.mistake("the plugin wrote \(bytes.length) bytes to an answer after its call had returned: refused")
    } else if result == MITOGEN_TOO_MUCH {
      owner?.mistake("the plugin wrote more than \(limit) bytes into one answer: refused")
    }
    return Int32(result)
  }

  private static func parts(_ handle: UnsafeRawPointer) -> (slot: Int, generation: UInt64) {
    let number = UInt64(UInt(bitPattern: handle))
    return (Int(number & (1 << slotBits - 1)), number >> slotBits)
  }
}

/// Whose library it is, for messages: shared by all that happens on its behalf.
final class LibraryIdentity: Sendable {
  let path: String
  private let sink: @Sendable (RegistryConfiguration.LogLine) -> Void

  init(path: String, log: @escaping @Sendable (RegistryConfiguration.LogLine) -> Void) {
    self.path = path
    self.sink = log
  }

  func log(_ level: String, _ text: String) {
    sink(.init(level: level, library: FileSystem.name(of: path), text: text))
  }

  /// What the plugin did wrong, and was kept from.
  func mistake(_ text: String) {
    sink(.init(level: "error", library: FileSystem.name(of: path), text: text, isMistake: true))
  }

  func error(_ item: String, expected: String, found: String, remedy: String) -> RegistryError {
    RegistryError(file: path, item: item, expected: expected, found: found, remedy: remedy)
  }
}
