/// `i(instance,options,probes?,reply)`: how the other side of the boundary wants to be called.
struct OperationSignature: Equatable {
  struct Argument: Equatable {
    var name: String
    var isOptional: Bool
  }

  var arguments: [Argument]

  /// As many as `mitogen_ffi_call` has places for.
  static let argumentLimit = 16

  struct Malformed: Error, Equatable { var problem: String }

  init(_ text: String) throws(Malformed) {
    guard let open = text.firstIndex(of: "("), text.last == ")" else { throw Malformed(problem: "no i(...)") }
    let result = text[..<open]
    guard result == "i" else { throw Malformed(problem: "a result of type \"\(result)\"") }
    let list = text[text.index(after: open)...].dropLast()
    arguments = []
    if list.isEmpty { return }
    for part in list.split(separator: ",", omittingEmptySubsequences: false) {
      let optional = part.last == "?"
      let name = optional ? part.dropLast() : part
      guard let first = name.utf8.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first),
        name.utf8.allSatisfy(Self.isNameByte)
      else { throw Malformed(problem: "an argument named \"\(name)\"") }
      guard !arguments.contains(where: { $0.name == name }) else { throw Malformed(problem: "\"\(name)\" twice") }
      arguments.append(Argument(name: String(name), isOptional: optional))
    }
    guard arguments.count <= Self.argumentLimit else {
      throw Malformed(problem: "\(arguments.count) arguments, more than \(Self.argumentLimit)")
    }
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
    default: false
    }
  }
}
