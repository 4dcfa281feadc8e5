import NewStyleHalf
import PluginKit
import RunnerKit

/// Python modules of ansible-core's first form, into whose text the common code was put. What they ask for is what they
/// would import today, and with that line in its place they are as any other.
struct ModuleReplacerRunner: ModuleRunner {
  static let name = "module-replacer"
  static let summary = "Runs Python modules that have the common code put into their text."
  static let precedence = 150
  static var half: [UInt8] { NewStyleHalf.source }

  private static let line: StaticString = "#<<INCLUDE_ANSIBLE_MODULE_COMMON>>"

  func recognises(_ source: UnsafeRawBufferPointer, path: String) -> Bool {
    ModuleText(source).contains(Self.line)
  }

  func plan(_ source: UnsafeRawBufferPointer, path: String) -> RunPlan {
    RunPlan(
      closure: .python,
      substitutions: [.init("\(Self.line)", by: "from ansible.module_utils.basic import *")])
  }
}

private let library = PluginLibrary(version: "0.1.0", ModuleReplacerRunner())

@c @implementation public func mitogen_library_v1() -> UnsafePointer<mitogen_library>? { library.table }
