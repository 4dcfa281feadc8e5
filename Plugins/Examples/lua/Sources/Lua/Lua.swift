import PluginKit

/// The runner lua: modules written in Lua.
///
/// A module is a file whose first line names a Lua; it finds its arguments in the table `args`, and ends by
/// `exit_json{changed = true}` or `fail_json{msg = "..."}`. On the target there has to be a Lua, and nothing else: half.py puts
/// prelude.lua, which knows JSON, in front of it.
public struct LuaRunner: ModuleRunner {
  public static let name = "lua"
  public static let summary = "Runs modules in Lua, with their arguments in a table."
  /// Before those of old style, which take any script.
  public static let precedence = 450

  /// The half, with the prelude as a text in it.
  public static var half: [UInt8] {
    Array("PRELUDE = r'''".utf8) + PackageResources.prelude_lua + Array("'''\n".utf8) + PackageResources.half_py
  }

  public init() {}

  /// `#!/usr/bin/lua`, `#!/usr/bin/env lua5.4`, `#!/usr/local/bin/luajit -O3`.
  public func recognises(_ source: UnsafeRawBufferPointer, path: String) -> Bool {
    let line = source.prefix(256).prefix { $0 != UInt8(ascii: "\n") }
    guard line.starts(with: "#!".utf8) else { return false }
    let words = String(decoding: line.dropFirst(2), as: UTF8.self).split(separator: " ")
    return words.prefix(2).contains { $0.split(separator: "/").last?.hasPrefix("lua") == true }
  }

  public func plan(_ source: UnsafeRawBufferPointer, path: String) -> RunPlan {
    RunPlan(closure: .none, arguments: .json, interpreter: .directive)
  }
}

private let library = PluginLibrary(version: "1.0", LuaRunner())

@c @implementation public func mitogen_library_v1() -> UnsafePointer<mitogen_library>? { library.table }
