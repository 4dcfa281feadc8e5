import Plans
import Registry
import Testing

/// Which of the installation's runners runs a module: the first that recognises it, in their order.
@Suite struct RunnerKindsTests {
  private func runner(for source: [UInt8]) throws -> RunnerPlugin? {
    try BuiltLibraries.registry.runners().sorted { $0.precedence < $1.precedence }
      .first { try $0.recognises(source: source, path: "/m") }
  }

  static let replacer = "#<<INCLUDE_ANSIBLE_MODULE_COMMON>>"

  @Test(arguments: [
    // ansible-core's order: each kind is told before the next, whatever else stands in the source.
    ("\u{0}ELF WANT_JSON from ansible.module_utils.basic import x\n", "binary"),
    ("#!/bin/sh\n\u{1}\n", "binary"),
    ("#!/bin/sh\n\u{7F}\n", "binary"),
    ("#!/bin/sh\n\u{1B}[1m \t\r\u{7}\u{8}\u{C} straße\n", "old-style"),
    ("#!/usr/bin/python\n\(replacer)\nfrom ansible.module_utils.basic import x\n", "module-replacer"),
    ("from ansible.module_utils.basic import x\n# WANT_JSON <<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>\n", "new-style"),
    ("#!/bin/sh\n# <<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>> WANT_JSON\n", "json-args"),
    ("#!/usr/bin/perl -w\n# WANT_JSON\n", "want-json"),
    ("#!/bin/sh\necho\n", "old-style"),
    ("#!/bin/sh", "old-style"),
    // ansible-core's to refuse, or to build.
    ("# WANT_JSON\n", nil), ("<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>", nil), ("echo\n", nil), ("", nil), ("#!", nil),
    ("#!powershell\n#Requires -Module Ansible.ModuleUtils.Legacy\n", nil),
    ("#!powershell\n# WANT_JSON\n#requires -version 5\n", nil),
    ("#!/usr/bin/pwsh\n#AnsibleRequires -CSharpUtil Ansible.Basic\n", nil),
    ("#!/usr/bin/pwsh\n#ANSIBLEREQUIRES -wrapper\n", nil),
    ("#!powershell\n# POWERSHELL_COMMON\n", nil),
    ("#!/bin/sh\n#Requires nothing\n", "old-style"),
  ] as [(String, String?)])
  func aModuleHasTheKindThatAnsibleGivesIt(_ source: String, _ expected: String?) throws {
    #expect(try runner(for: Array(source.utf8))?.name == expected)
  }

  @Test func onlyTheFirstKilobyteTellsABinary() throws {
    let script = Array("#!/bin/sh\n".utf8) + Array(repeating: UInt8(ascii: "#"), count: 1013)
    #expect(try runner(for: script + [0])?.name == "binary")
    #expect(try runner(for: script + [10, 0])?.name == "old-style")
  }

  @Test(arguments: [
    ("binary", RunPlan(closure: .none, arguments: .json, interpreter: .none, directory: true)),
    ("json-args", RunPlan(closure: .none, arguments: .json, interpreter: .directive, directory: true)),
    ("want-json", RunPlan(closure: .none, arguments: .json, interpreter: .directive, directory: true)),
    ("old-style", RunPlan(closure: .none, arguments: .words, interpreter: .directive, directory: true)),
    (
      "module-replacer",
      RunPlan(
        closure: .python, substitutions: [.init(Self.replacer, by: "from ansible.module_utils.basic import *")])
    ),
  ])
  func itsPlanSaysHowItIsRun(_ name: String, _ expected: RunPlan) throws {
    let runner = try #require(BuiltLibraries.registry.runners().first { $0.name == name })
    #expect(try runner.plan(source: [], path: "/m") == expected)
    #expect(try !runner.half().isEmpty)
  }

  @Test func aModuleReplacersHalfIsThatOfNewStyle() throws {
    let runners = try BuiltLibraries.registry.runners().filter { ["new-style", "module-replacer"].contains($0.name) }
    #expect(runners.count == 2)
    #expect(try runners[0].half() == runners[1].half())
  }
}
