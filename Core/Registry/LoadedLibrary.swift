import PluginABI
import Plans

#if canImport(Glibc)
  import Glibc
#endif

/// A library that is in this process: its table checked, its calls prepared.
///
/// Every function of a library is called on one thread (`PluginThread`, or the helper process's own), so nothing
/// here is locked.
final class LoadedLibrary {
  let identity: LibraryIdentity
  let version: String
  let abi: String
  private(set) var plugins: [LoadedPlugin] = []

  /// What of it this host does not know.
  var leftAside: [String] { plugins.flatMap(\.leftAside) }

  /// Larger than any this host knows, and far below what a wrong file would give.
  private static let sizeLimit: UInt32 = 4096

  /// Runs the library's constructors and reads its table.
  init(path: String, log: @escaping @Sendable (RegistryConfiguration.LogLine) -> Void) throws(RegistryError) {
    identity = LibraryIdentity(path: path, log: log)
    let library = try LibraryFile(path: path).load().pointee
    let rebuild = "build it with the mitogen_plugin.h of this release"

    guard library.magic == MITOGEN_MAGIC else {
      throw identity.error(
        "magic", expected: hex(MITOGEN_MAGIC), found: hex(library.magic), remedy: "start the table with MITOGEN_MAGIC")
    }
    guard Int(library.abi_major) == MITOGEN_ABI_MAJOR else {
      throw identity.error(
        "ABI", expected: "\(MITOGEN_ABI_MAJOR).x", found: "\(library.abi_major).\(library.abi_minor)", remedy: rebuild)
    }
    for (name, found, least) in [
      ("mitogen_library", library.size, MemoryLayout<mitogen_library>.size),
      ("mitogen_plugin", library.plugin_size, MemoryLayout<mitogen_plugin>.size),
      ("mitogen_operation", library.operation_size, MemoryLayout<mitogen_operation>.size),
    ] {
      guard found >= least, found <= Self.sizeLimit else {
        throw identity.error(
          "size of \(name)", expected: "\(least) or more", found: "\(found)", remedy: rebuild)
      }
    }
    guard (1...256).contains(library.plugin_count), let entries = library.plugins else {
      throw identity.error(
        "number of plugins", expected: "1 to 256", found: "\(library.plugin_count)", remedy: "list the plugins")
    }
    version = cText(library.version) ?? ""
    abi = "\(library.abi_major).\(library.abi_minor)"
    for index in 0..<Int(library.plugin_count) {
      let entry = (UnsafeRawPointer(entries) + index * Int(library.plugin_size))
        .assumingMemoryBound(to: mitogen_plugin.self)
      plugins.append(try LoadedPlugin(entry, identity, operationStride: Int(library.operation_size)))
    }
  }

  func plugin(named name: String) throws(RegistryError) -> LoadedPlugin {
    guard let plugin = plugins.first(where: { $0.name == name }) else {
      throw identity.error(
        "plugins", expected: name, found: plugins.map(\.name).joined(separator: ", "),
        remedy: "generate the manifest again: mitogen plugins manifest FILE")
    }
    return plugin
  }
}

private func hex(_ number: UInt64) -> String { "0x" + String(number, radix: 16) }

/// One entry of a library's table, and the instance that this process has opened.
final class LoadedPlugin {
  let name: String
  let kind: Int
  let version: String
  let features: [String]
  private let identity: LibraryIdentity
  private let entry: UnsafePointer<mitogen_plugin>
  private var operations: [Int: Result<Operation, RegistryError>] = [:]
  private(set) var leftAside: [String] = []
  private var instance: UnsafeMutableRawPointer?
  private var isOpen = false

  /// No plugin has as many; a table without its end is found by this.
  private static let operationLimit = 1024

  init(_ entry: UnsafePointer<mitogen_plugin>, _ identity: LibraryIdentity, operationStride: Int)
    throws(RegistryError)
  {
    self.entry = entry
    self.identity = identity
    guard entry.pointee.size >= MemoryLayout<mitogen_plugin>.size else {
      throw identity.error(
        "size of a plugin's entry", expected: "\(MemoryLayout<mitogen_plugin>.size) or more",
        found: "\(entry.pointee.size)", remedy: "set size to sizeof(mitogen_plugin)")
    }
    let name = cText(entry.pointee.name) ?? ""
    guard Manifest.isPluginName(name) else {
      throw identity.error(
        "name of a plugin", expected: "lower case letters, digits, _ - and dots, at most 64", found: "\"\(name)\"",
        remedy: "rename it")
    }
    self.name = name
    kind = Int(entry.pointee.kind)
    version = cText(entry.pointee.version) ?? ""
    features = (cText(entry.pointee.features) ?? "").split(separator: " ").map(String.init)
    HostServices.remember(entry, of: identity)
    if let forms = OperationForm.all(ofKind: kind) {
      try prepare(forms, stride: operationStride)
    } else {
      leftAside.append("\(name), of kind \(kind)")
    }
  }

  private func prepare(_ forms: [Int: OperationForm], stride: Int) throws(RegistryError) {
    let last = "end the table with id 0"
    guard let table = entry.pointee.operations else {
      throw identity.error("operations of \(name)", expected: "a table", found: "NULL", remedy: last)
    }
    var index = 0
    while true {
      let operation = (UnsafeRawPointer(table) + index * stride).load(as: mitogen_operation.self)
      let id = Int(operation.id)
      if id == 0 { break }
      index += 1
      guard index <= Self.operationLimit else {
        throw identity.error(
          "operations of \(name)", expected: "at most \(Self.operationLimit)", found: "more", remedy: last)
      }
      // Of a newer ABI.
      guard let form = forms[id] else {
        leftAside.append("operation \(id) of \(name)")
        continue
      }
      do throws(Operation.Unavailable) {
        operations[id] = .success(try Operation(form, operation))
      } catch {
        operations[id] = .failure(
          identity.error(
            "operation \(form.name) of \(name)", expected: error.expected, found: error.found,
            remedy: "mark the argument as optional (?), or install a newer mitogen"))
      }
    }
    for (id, form) in forms.sorted(by: { $0.key < $1.key }) where form.isRequired && operations[id] == nil {
      throw identity.error(
        "operation \(form.name) of \(name)", expected: "an entry with id \(id)", found: "none",
        remedy: "add it to the plugin's table")
    }
  }

  /// Calls an operation with bytes by name; opens the instance first.
  func call(_ id: Int, _ arguments: [CallArgument]) throws -> [UInt8] {
    if !isOpen {
      instance = try open()
      isOpen = true
    }
    return try Self.withBytes(arguments[...], [:]) { try invoke(id, on: instance, $0) }
  }

  /// One more instance.
  func open(_ host: UnsafeMutableRawPointer = HostServices.table) throws -> UnsafeMutableRawPointer? {
    var made: UnsafeMutableRawPointer?
    try withUnsafeMutablePointer(to: &made) { place in
      _ = try invoke(MITOGEN_OPEN, on: nil, ["new_instance": UnsafeMutableRawPointer(place)], host: host)
    }
    return made
  }

  func error(_ item: String, expected: String, found: String, remedy: String) -> RegistryError {
    identity.error(item + " of \(name)", expected: expected, found: found, remedy: remedy)
  }

  var canClose: Bool { operations[MITOGEN_CLOSE] != nil }

  /// Calls an operation with pointers by name.
  ///
  /// - Parameter leavesOutOptional: NULL for every argument that the function says it can do without.
  func invoke(
    _ id: Int, on instance: UnsafeMutableRawPointer?, _ arguments: [String: UnsafeMutableRawPointer],
    host: UnsafeMutableRawPointer = HostServices.table, leavesOutOptional: Bool = false
  ) throws -> [UInt8] {
    guard let operation = try operations[id]?.get() else {
      throw identity.error(
        "operation \(OperationForm.name(of: id)) of \(name)", expected: "an entry with id \(id)", found: "none",
        remedy: "add it to the plugin's table")
    }
    guard let reply = ReplyTable.open(identity) else {
      throw identity.error("answers", expected: "a free one", found: "none", remedy: "this is a fault of mitogen")
    }
    var values = arguments
    values["host"] = host
    values["plugin"] = UnsafeMutableRawPointer(mutating: entry)
    if let instance { values["instance"] = instance }
    values["reply"] = reply
    if leavesOutOptional { values = values.filter { !operation.optional.contains($0.key) } }
    let status = operation.call(values)
    let answer = ReplyTable.close(reply)

    switch Int(status) {
    case MITOGEN_OK: return answer
    case MITOGEN_REFUSED:
      throw (try? RegistryJSON.decode(PluginRefusal.self, answer))
        ?? PluginRefusal(message: "\(name) \(PluginRefusal.unexplained): \(String(decoding: answer.prefix(200), as: UTF8.self))")
    default:
      throw identity.error(
        "operation \(operation.name) of \(name)", expected: "result 0 or 1", found: "\(status)",
        remedy: "this is a fault of the plugin; report it to its author")
    }
  }

  /// Lends every argument's bytes for the length of `body`.
  private static func withBytes(
    _ arguments: ArraySlice<CallArgument>, _ values: [String: UnsafeMutableRawPointer],
    _ body: ([String: UnsafeMutableRawPointer]) throws -> [UInt8]
  ) rethrows -> [UInt8] {
    guard let argument = arguments.first else { return try body(values) }
    return try argument.bytes.withUnsafeBufferPointer { buffer in
      var borrowed = mitogen_bytes(data: buffer.baseAddress, length: buffer.count)
      return try withUnsafeMutablePointer(to: &borrowed) { pointer in
        var values = values
        values[argument.name] = UnsafeMutableRawPointer(pointer)
        return try withBytes(arguments.dropFirst(), values, body)
      }
    }
  }
}

extension PluginRefusal {
  /// What is said in the place of words that a plugin did not give.
  package static let unexplained = "refused, and gave no reason"
}

/// Bytes for an argument of an operation, by the argument's name.
struct CallArgument: Equatable, Sendable {
  var name: String
  var bytes: [UInt8]
}
