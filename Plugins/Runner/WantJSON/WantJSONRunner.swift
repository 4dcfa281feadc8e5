import PluginKit
import RunnerKit

/// Scripts in any language that hold the word `WANT_JSON`. They read JSON from a file whose name is their argument.
struct WantJSONRunner: ModuleRunner {
  static let name = "want-json"
  static let summary = "Runs scripts that read JSON arguments from a file."
  static let precedence = 400
  static var half: [UInt8] { ScriptHalf.with(PackageResources.want_json_py) }

  func recognises(_ source: UnsafeRawBufferPointer, path: String) -> Bool {
    let text = ModuleText(source)
    return text.contains("WANT_JSON") && text.namesInterpreter && !text.isPowerShell
  }

  func plan(_ source: UnsafeRawBufferPointer, path: String) -> RunPlan {
    RunPlan(closure: .none, arguments: .json, interpreter: .directive, directory: true)
  }
}

private let library = PluginLibrary(version: "0.1.0", WantJSONRunner())

@c @implementation public func mitogen_library_v1() -> UnsafePointer<mitogen_library>? { library.table }
