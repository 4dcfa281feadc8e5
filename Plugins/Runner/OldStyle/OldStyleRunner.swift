import PluginKit
import RunnerKit

/// Scripts in any language that nothing else recognises. They read `key=value` from a file whose name is their argument.
struct OldStyleRunner: ModuleRunner {
  static let name = "old-style"
  static let summary = "Runs scripts that read key=value arguments from a file."
  static let precedence = 500
  static var half: [UInt8] { ScriptHalf.with(PackageResources.old_style_py) }

  func recognises(_ source: UnsafeRawBufferPointer, path: String) -> Bool {
    let text = ModuleText(source)
    return text.namesInterpreter && !text.isPowerShell
  }

  func plan(_ source: UnsafeRawBufferPointer, path: String) -> RunPlan {
    RunPlan(closure: .none, arguments: .words, interpreter: .directive, directory: true)
  }
}

private let library = PluginLibrary(version: "0.1.0", OldStyleRunner())

@c @implementation public func mitogen_library_v1() -> UnsafePointer<mitogen_library>? { library.table }
