import Plans
import Registry

/// Options to ask a connection method for plans with, made from what it declares.
struct SampleOptions {
  let declared: [OptionDeclaration]

  static let name: [String: OptionValue] = ["name": .string("web1")]

  /// Nothing is set: every option is its default, or missing.
  var least: [UInt8] { json(Self.name) }

  /// Every option is set, every secret is there.
  var most: [UInt8] {
    var values = Self.name
    for option in declared {
      if option.secret { values["has_\(option.name)"] = .bool(true) } else { values[option.name] = sample(option) }
    }
    return json(values)
  }

  private func sample(_ option: OptionDeclaration) -> OptionValue {
    if let value = option.default { return value }
    return switch option.type {
    case .string: .string("sample")
    case .int: .int(22)
    case .float: .float(10)
    case .bool: .bool(true)
    case .list: .list(["sample"])
    case .dictionary: .dictionary(["SAMPLE": "text"])
    }
  }

  /// What no playbook should lead to and some do: each with what it is.
  var odd: [(name: String, bytes: [UInt8])] {
    [
      ("no bytes", []),
      ("JSON that breaks off", Array(#"{"name":"we"#.utf8)),
      ("JSON that is no object", Array("[1,2]".utf8)),
      ("keys that nobody declared", Array(#"{"name":"web1","neither_here":{"nor":[1,null,"there"]}}"#.utf8)),
      ("values of other types", otherTypes),
      ("nulls", nulls),
      ("texts with NUL and quotes", texts("a\u{0}b\"c\\d\ne")),
      ("invalid UTF-8", invalid),
      ("texts of 64 KiB", texts(String(repeating: "x", count: 1 << 16))),
      ("10000 brackets", Array((#"{"name":"web1","deep":"# + String(repeating: "[", count: 10000)).utf8)),
    ]
  }

  private var otherTypes: [UInt8] {
    var values = Self.name
    for option in declared where !option.secret {
      values[option.name] = option.type == .string ? .list(["one", "two"]) : .string("neither this nor that")
    }
    return json(values)
  }

  private var nulls: [UInt8] {
    let names = ["name"] + declared.filter { !$0.secret }.map(\.name)
    return Array(("{" + names.map { "\"\($0)\":null" }.joined(separator: ",") + "}").utf8)
  }

  private func texts(_ text: String) -> [UInt8] {
    var values: [String: OptionValue] = ["name": .string(text)]
    for option in declared where option.type == .string && !option.secret { values[option.name] = .string(text) }
    return json(values)
  }

  private var invalid: [UInt8] {
    // The marks of a text that JSON leaves as it is, replaced by bytes that no UTF-8 has.
    texts("~~").map { $0 == UInt8(ascii: "~") ? 0xff : $0 }
  }

  private func json(_ values: [String: OptionValue]) -> [UInt8] {
    (try? RegistryJSON.encode(values)) ?? []
  }
}

/// Sources to show to a runner.
enum SampleSources {
  static let all: [(name: String, bytes: [UInt8])] = [
    ("no bytes", []),
    ("a script of sh", Array("#!/bin/sh\necho '{\"changed\": false}'\n".utf8)),
    (
      "a module in Python",
      Array("#!/usr/bin/python\nfrom ansible.module_utils.basic import AnsibleModule\nAnsibleModule({}).exit_json()\n".utf8)
    ),
    ("every byte there is", Array(0...255)),
    ("invalid UTF-8", Array("#!/bin/sh\n# ".utf8) + [0xff, 0xfe, 0xc0] + Array("\n".utf8)),
    ("8 MiB in one line", [UInt8](repeating: UInt8(ascii: "#"), count: 8 << 20)),
  ]
}
