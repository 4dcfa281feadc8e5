import Testing

@testable import Modules

@Suite struct YAMLSectionTests {
  private func value(_ key: String, at path: [String] = ["a"], in text: String) throws -> YAML.Node? {
    try YAML.Section(at: path, in: Array(text.utf8)).value(of: key)
  }

  @Test func scalarsAreText() throws {
    let text = """
      a:
        plain: one two  # comment
        hash: a#b
        single: 'it''s'
        double: "a\\tb"
        number: 1.20
        nothing:
        wrapped: one
          two
        folded: >-
          one
          two
        literal: |
          one
          two
      """
    for (key, expected) in [
      "plain": "one two", "hash": "a#b", "single": "it's", "double": "a\tb", "number": "1.20", "nothing": "",
      "wrapped": "one two", "folded": "one two", "literal": "one\ntwo\n",
    ] {
      #expect(try value(key, in: text) == .scalar(expected))
    }
    #expect(try value("absent", in: text) == nil)
  }

  @Test func collectionsNest() throws {
    let expected = YAML.Node.mapping(["b": .sequence([.scalar("1"), .mapping(["c": .scalar("2"), "d": .scalar("3")])])])
    #expect(try value("x", in: "a:\n  x:\n    b:\n    - 1\n    - c: 2\n      d: 3\n") == expected)
    #expect(try value("x", in: "a:\n  x: {b: [1, {c: 2,\n    d: '3'}]}\n") == expected)
    #expect(try value("x", in: "a: {x: {b: [1, {c: 2, d: 3}]}}\n") == expected)
  }

  @Test func onlyTheWantedMappingIsRead() throws {
    let text = "---\nz:\n  ? complex\n  : !tag x\n\"a\":\n  # c\n  x:\n    y: 1\nb:\n  x: 2\n"
    #expect(try value("x", in: text) == .mapping(["y": .scalar("1")]))
    #expect(try value("x", at: ["nowhere"], in: text) == nil)
    #expect(try value("y", at: ["a", "x"], in: text) == .scalar("1"))
    #expect(try value("y", at: ["a", "x"], in: "") == nil)
  }

  @Test func anAliasOfWhatWasPassedOverIsFound() throws {
    #expect(try value("x", in: "z:\n  y: &gone\n    b: 1\na:\n  x: *gone\n") == .mapping(["b": .scalar("1")]))
    #expect(throws: YAML.Failure.self) { try value("x", in: "a:\n  x: *nothing\n") }
  }

  @Test func whatIsNotUnderstoodNamesItsLine() {
    let text = "a:\n  x: !tag y\n"
    #expect(throws: YAML.Failure(line: 3, reason: "! is not understood here")) { try value("x", in: text) }
    #expect(throws: YAML.Failure.self) { try value("x", in: "a:\n  x: " + String(repeating: "[", count: 100_000)) }
  }

  @Test func noInputTraps() throws {
    let pieces = ["a", ":", ": ", "\n", "  ", "- ", "'", "\"", "{", "}", "[", "]", ",", "&x ", "*x", "#", " #", "|", ">-", "\\", "---\n", "é", "\r\n"]
    var random = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      let text = "a:\n  a: " + (0..<Int.random(in: 0..<14, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
      _ = try? value("a", in: text)
    }
  }
}

@Suite struct RoutingTests {
  private func routing(_ yaml: String) throws -> Routing {
    let indented = yaml.split(separator: "\n").map { "    \($0)\n" }.joined()
    return try Routing(collection: "ns.coll", yaml: Array(("plugin_routing:\n  module_utils:\n" + indented).utf8))
  }

  @Test func shortTargetsMeanModuleUtils() throws {
    #expect(try Routing.target("ns.coll.a.b", from: "x") == "ansible_collections.ns.coll.plugins.module_utils.a.b")
    #expect(try Routing.target("ansible_collections.x", from: "x") == "ansible_collections.x")
    #expect(throws: ModuleError("invalid redirect for x: a.b")) { try Routing.target("a.b", from: "x") }
  }

  @Test func removalsAreWordedAsAnsibleWordsThem() throws {
    let routing = try routing("old:\n  tombstone:\n    removal_version: 2.0.0\n    warning_text: Use new")
    let removal = try #require(try routing.entry("old")?.tombstone)
    #expect(routing.notice(removal, name: "x.old", isRemoved: true, newWording: true)
      == "module_util x.old has been removed (Use new). This feature was removed from collection 'ns.coll' version 2.0.0.")
    #expect(routing.notice(removal, name: "x.old", isRemoved: true, newWording: false)
      == "[DEPRECATED]: module_util x.old has been removed (Use new). This feature was removed from ns.coll in version 2.0.0. "
      + "Please update your playbooks.")
  }
}
