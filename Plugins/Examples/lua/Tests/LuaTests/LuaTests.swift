import Lua
import PluginTestKit
import Testing

@Suite struct LuaTests {
  @Test func whatItDeclaresIsInOrder() {
    #expect(declarationFaults(of: LuaRunner.self) == [])
  }

  @Test(arguments: ["#!/usr/bin/lua\n", "#!/usr/bin/env lua5.4\n", "#!/opt/luajit -O3\nexit_json{}\n"])
  func aFirstLineThatNamesALuaIsIts(_ source: String) throws {
    #expect(try runPlan(of: LuaRunner(), source: source) == RunPlan(closure: .none, arguments: .json, interpreter: .directive))
  }

  @Test(arguments: ["", "#!/bin/sh\n# lua\n", "#!/usr/bin/python\nimport lua\n", "-- lua\n", "#!\n"])
  func anyOtherIsNot(_ source: String) throws {
    #expect(try runPlan(of: LuaRunner(), source: source) == nil)
  }
}
