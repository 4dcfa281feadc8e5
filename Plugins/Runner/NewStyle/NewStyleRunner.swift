import NewStyleHalf
import PluginKit

/// Modules in Python that import module_utils: nearly all there are.
struct NewStyleRunner: ModuleRunner {
  static let name = "new-style"
  static let summary = "Runs Python modules that import module_utils."
  static let precedence = 200
  static var half: [UInt8] { NewStyleHalf.source }

  func recognises(_ source: UnsafeRawBufferPointer, path: String) -> Bool {
    ImportRule.found(in: source)
  }

  func plan(_ source: UnsafeRawBufferPointer, path: String) -> RunPlan {
    RunPlan(closure: .python)
  }
}

private let library = PluginLibrary(version: "0.1.0", NewStyleRunner())

@c @implementation public func mitogen_library_v1() -> UnsafePointer<mitogen_library>? { library.table }
