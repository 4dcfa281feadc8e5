internal import CFFI
import PluginABI

/// What the host knows of an operation: its name in messages, and the arguments that it can give.
struct OperationForm {
  var name: String
  /// Any operation is given `instance`, `host`, `plugin` and `reply`; these are its own.
  var arguments: Set<String> = []
  var isRequired = true

  static let common: Set<String> = ["host", "instance", "plugin", "reply"]

  static let every: [Int: OperationForm] = [
    MITOGEN_OPEN: .init(name: "open", arguments: ["new_instance"]),
    MITOGEN_DESCRIBE: .init(name: "describe"),
    MITOGEN_CLOSE: .init(name: "close", isRequired: false),
  ]
  static let connection: [Int: OperationForm] = [
    MITOGEN_CONNECTION_PLAN: .init(name: "plan", arguments: ["options", "probes"])
  ]
  static let runner: [Int: OperationForm] = [
    MITOGEN_RUNNER_RECOGNISE: .init(name: "recognise", arguments: ["source", "path"]),
    MITOGEN_RUNNER_PLAN: .init(name: "plan", arguments: ["source", "path"]),
    MITOGEN_RUNNER_HALF: .init(name: "half"),
  ]

  static func all(ofKind kind: Int) -> [Int: OperationForm]? {
    switch kind {
    case MITOGEN_CONNECTION_METHOD: every.merging(connection) { $1 }
    case MITOGEN_MODULE_RUNNER: every.merging(runner) { $1 }
    default: nil
    }
  }

  /// For messages of a process that has only the number.
  static func name(of id: Int) -> String {
    every[id]?.name ?? connection[id]?.name ?? runner[id]?.name ?? "\(id)"
  }
}

/// One function of a library, and the call that its signature asks for, prepared once.
struct Operation {
  let name: String
  private let function: mitogen_function
  private let form: UnsafeMutablePointer<ffi_cif>
  /// For each argument what to pass, by name; `nil`: NULL.
  private let arguments: [String?]
  /// Those of them that the function says it can do without.
  let optional: Set<String>

  /// Why an operation cannot be called, in terms of its signature.
  struct Unavailable: Error, Equatable {
    var expected: String
    var found: String
  }

  init(_ known: OperationForm, _ entry: mitogen_operation) throws(Unavailable) {
    let text = cText(entry.signature) ?? ""
    guard let function = entry.function else { throw Unavailable(expected: "a function", found: "NULL") }
    let signature: OperationSignature
    do {
      signature = try OperationSignature(text)
    } catch {
      throw Unavailable(expected: "a signature such as i(instance,reply)", found: "\"\(text)\": \(error.problem)")
    }
    let given = known.arguments.union(OperationForm.common)
    var arguments: [String?] = []
    for argument in signature.arguments {
      guard given.contains(argument.name) || argument.isOptional else {
        throw Unavailable(
          expected: "arguments out of \(given.sorted().joined(separator: ", "))",
          found: "\"\(argument.name)\", which is required and not known here")
      }
      arguments.append(given.contains(argument.name) ? argument.name : nil)
    }
    guard let form = mitogen_ffi_form(UInt32(arguments.count)) else {
      throw Unavailable(expected: "a call that libffi can make", found: text)
    }
    self.name = known.name
    self.function = function
    self.form = form
    self.arguments = arguments
    optional = Set(signature.arguments.filter(\.isOptional).map(\.name))
  }

  /// Calls the function. What `values` has no value for is passed as NULL.
  func call(_ values: [String: UnsafeMutableRawPointer]) -> Int32 {
    var pointers = arguments.map { $0.flatMap { values[$0] } }
    return mitogen_ffi_call(form, function, &pointers)
  }
}

/// A library's text; `nil` for NULL and for what is not UTF-8.
func cText(_ address: UnsafePointer<CChar>?) -> String? {
  address.flatMap { String(validatingCString: $0) }
}
