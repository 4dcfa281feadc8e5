import PluginKit
import RunnerKit

/// Scripts in any language into whose text the arguments are put, as JSON.
struct JSONArgsRunner: ModuleRunner {
  static let name = "json-args"
  static let summary = "Runs scripts that have their JSON arguments put into their text."
  static let precedence = 300
  static var half: [UInt8] { ScriptHalf.with(PackageResources.json_args_py) }

  func recognises(_ source: UnsafeRawBufferPointer, path: String) -> Bool {
    let text = ModuleText(source)
    return text.contains("<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>") && text.namesInterpreter && !text.isPowerShell
  }

  func plan(_ source: UnsafeRawBufferPointer, path: String) -> RunPlan {
    RunPlan(closure: .none, arguments: .json, interpreter: .directive, directory: true)
  }
}

private let library = PluginLibrary(version: "0.1.0", JSONArgsRunner())

@c @implementation public func mitogen_library_v1() -> UnsafePointer<mitogen_library>? { library.table }
