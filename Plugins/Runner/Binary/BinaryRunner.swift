import PluginKit
import RunnerKit

/// Programs that the system executes. They read JSON from a file whose name is their argument.
struct BinaryRunner: ModuleRunner {
  static let name = "binary"
  static let summary = "Runs native programs that read JSON arguments from a file."
  static let precedence = 100
  static var half: [UInt8] { ScriptHalf.with(PackageResources.binary_py) }

  /// How far ansible-core looks for bytes that no source has.
  private static let look = 1024

  /// ansible-core's own rule (executor/module_common.py, `_is_binary`), so that both judge a module alike.
  func recognises(_ source: UnsafeRawBufferPointer, path: String) -> Bool {
    source.prefix(Self.look).contains { !Self.isText($0) }
  }

  private static func isText(_ byte: UInt8) -> Bool {
    switch byte {
    case 7...10, 12, 13, 27: true
    case 0x7F: false
    default: byte >= 0x20
    }
  }

  func plan(_ source: UnsafeRawBufferPointer, path: String) -> RunPlan {
    RunPlan(closure: .none, arguments: .json, interpreter: .none, directory: true)
  }
}

private let library = PluginLibrary(version: "0.1.0", BinaryRunner())

@c @implementation public func mitogen_library_v1() -> UnsafePointer<mitogen_library>? { library.table }
