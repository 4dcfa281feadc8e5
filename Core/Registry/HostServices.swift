internal import CFFI
import PluginABI
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// What a plugin may call: found by number, in the form that the plugin wrote.
enum HostServices {
  static let version = "0.1.0"

  /// One for the whole process; libraries may keep its address.
  static var table: UnsafeMutableRawPointer { UnsafeMutableRawPointer(bitPattern: tableAddress)! }  // allocated below

  private static let tableAddress = makeTable(version, minor: UInt16(MITOGEN_ABI_MINOR), growth: 0)

  /// The table as a later 1.x would have it: more of it than a plugin of today knows.
  static var laterTable: UnsafeMutableRawPointer { UnsafeMutableRawPointer(bitPattern: laterAddress)! }  // allocated below

  private static let laterAddress = makeTable("99.0", minor: 99, growth: 64)

  /// - Parameter growth: bytes behind the members that there are.
  private static func makeTable(_ version: String, minor: UInt16, growth: Int) -> UInt {
    let size = MemoryLayout<mitogen_host>.size + growth
    let place = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: MemoryLayout<mitogen_host>.alignment)
    place.initializeMemory(as: UInt8.self, repeating: 0xa5, count: size)
    place.storeBytes(
      of: mitogen_host(
        magic: MITOGEN_MAGIC, size: UInt32(size), abi_major: UInt16(MITOGEN_ABI_MAJOR), abi_minor: minor,
        version: UnsafePointer(strdup(version)),
        find: { _, id, signature in HostServices.find(Int(id), cText(signature) ?? "") }),
      as: mitogen_host.self)
    return UInt(bitPattern: place)
  }

  /// Which library an entry of a plugin table belongs to.
  private static let owners = Mutex<[UInt: LibraryIdentity]>([:])

  static func remember(_ plugin: UnsafeRawPointer, of owner: LibraryIdentity) {
    owners.withLock { $0[UInt(bitPattern: plugin)] = owner }
  }

  // MARK: The services

  private typealias Two = @convention(c) (UnsafeRawPointer?, UnsafeRawPointer?) -> Int32
  private typealias Three = @convention(c) (UnsafeRawPointer?, UnsafeRawPointer?, UnsafeRawPointer?) -> Int32

  private static let write: Two = { reply, bytes in ReplyTable.write(reply, bytes) }

  private static let log: Three = { plugin, level, text in
    guard let plugin, let text = text?.assumingMemoryBound(to: mitogen_bytes.self).pointee else {
      return Int32(MITOGEN_MISSING)
    }
    guard let owner = owners.withLock({ $0[UInt(bitPattern: plugin)] }) else { return Int32(MITOGEN_MISSING) }
    let level = cText(level?.assumingMemoryBound(to: CChar.self)) ?? "info"
    owner.log(level, String(decoding: UnsafeBufferPointer(start: text.data, count: min(text.length, 4096)), as: UTF8.self))
    return Int32(MITOGEN_OK)
  }

  private struct Service {
    var arguments: [String]
    var function: mitogen_function
  }

  private static func service(_ id: Int) -> Service? {
    switch id {
    case MITOGEN_WRITE:
      Service(arguments: ["reply", "bytes"], function: unsafeBitCast(write, to: mitogen_function.self))
    case MITOGEN_LOG:
      Service(arguments: ["plugin", "level", "text"], function: unsafeBitCast(log, to: mitogen_function.self))
    default: nil
    }
  }

  // MARK: Forms

  private static func find(_ id: Int, _ text: String) -> mitogen_function? {
    guard let service = service(id), let wanted = try? OperationSignature(text) else { return nil }
    for argument in wanted.arguments where !argument.isOptional && !service.arguments.contains(argument.name) {
      return nil
    }
    if wanted.arguments.map(\.name) == service.arguments { return service.function }
    let sources = service.arguments.map { name in wanted.arguments.firstIndex { $0.name == name } }
    return adapter(service.function, sources, from: wanted.arguments.count)
  }

  /// A function of the form that a plugin wrote, which calls a service of another form. Never freed, as the plugin
  /// may keep it.
  private static func adapter(_ function: mitogen_function, _ sources: [Int?], from count: Int) -> mitogen_function? {
    guard let outer = mitogen_ffi_form(UInt32(count)), let inner = mitogen_ffi_form(UInt32(sources.count)) else {
      return nil
    }
    let adapter = AdapterForm(function: function, form: inner, sources: sources)
    return mitogen_ffi_closure(
      outer,
      { _, result, arguments, context in
        guard let result, let arguments, let context else { return }
        let adapter = Unmanaged<AdapterForm>.fromOpaque(context).takeUnretainedValue()
        var values = adapter.sources.map { source in
          source.flatMap { arguments[$0]?.load(as: UnsafeMutableRawPointer?.self) }
        }
        // A whole ffi_arg, as libffi wants of closures too.
        result.storeBytes(of: Int(mitogen_ffi_call(adapter.form, adapter.function, &values)), as: Int.self)
      }, Unmanaged.passRetained(adapter).toOpaque())
  }
}

/// Immutable after `init`.
private final class AdapterForm {
  let function: mitogen_function
  let form: UnsafeMutablePointer<ffi_cif>
  /// For each argument of the service: which of the plugin's it is.
  let sources: [Int?]

  init(function: mitogen_function, form: UnsafeMutablePointer<ffi_cif>, sources: [Int?]) {
    self.function = function
    self.form = form
    self.sources = sources
  }
}
