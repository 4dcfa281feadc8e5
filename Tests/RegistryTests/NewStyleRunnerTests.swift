import Plans
import Registry
import Testing

@Suite struct NewStyleRunnerTests {
  private func runner() throws -> RunnerPlugin {
    try #require(BuiltLibraries.registry.runners().first { $0.name == "new-style" })
  }

  @Test(arguments: [
    ("from ansible.module_utils.basic import AnsibleModule\n", true),
    ("from ansible.module_utils import basic", true),
    ("\n\n    from  ansible.module_utils.common.text import to_text\n", true),
    ("import ansible.module_utils.basic\n", true),
    ("import ansible.module_utils\n", false),
    ("from ..module_utils.thing import x\n", true),
    ("from ... module_utils import x\n", true),
    ("from .module_utils import x\n", false),
    ("from ansible_collections.community.general.plugins.module_utils.x import y\n", true),
    ("import ansible_collections.community.general.plugins.module_utils.x\n", true),
    ("from ansible_collections.community.general.plugins.modules.x import y\n", false),
    ("from ansible_collections.a.plugins.module_utils.x import y\n", false),
    ("# from ansible.module_utils.basic import AnsibleModule\n", true),
    ("from ansible.module_utils.basic \\\n import AnsibleModule\n", false),
    ("from ansible.module_utils.basic\n", false),
    ("#!/usr/bin/python\nimport json\nprint('{}')\n", false),
    ("#!/bin/sh\n# WANT_JSON\n", false),
    ("", false), ("f", false), ("from", false), ("from ", false), ("import  ", false),
  ])
  func aModuleIsToldAsAnsibleTellsIt(_ source: String, _ expected: Bool) throws {
    #expect(try runner().recognises(source: Array(source.utf8), path: "/m.py") == expected)
  }

  @Test func itsPlanWantsTheClosureOfImports() throws {
    let plan = try runner().plan(source: [], path: "/ping.py")
    #expect(plan == RunPlan(closure: .python))
    #expect(try runner().precedence == 200)
  }

  @Test func itBringsItsHalf() throws {
    #expect(try !runner().half().isEmpty)
  }
}
