extension PluginDeclaration {
  /// What is wrong with it, one sentence each: what Ansible's config manager, a reader of the documentation or another
  /// option would stumble over.
  public var faults: [String] {
    var faults: [String] = []
    if description.isEmpty { faults.append("there is no description") }
    var names: Set<String> = []
    for option in options {
      for name in [option.name] + option.aliases where !names.insert(name).inserted {
        faults.append("\"\(name)\" names two options")
      }
      faults += option.faults.map { "option \(option.name): \($0)" }
    }
    return faults
  }
}

extension OptionDeclaration {
  var faults: [String] {
    var faults: [String] = []
    if !Self.isName(name) {
      faults.append("a name is lower case letters, digits and _, and begins with a letter")
    }
    if description.isEmpty { faults.append("there is no description") }
    if secret, type != .string { faults.append("a secret is a string") }
    if secret, `default` != nil { faults.append("a secret has no default: everybody may read it") }
    for variable in vars where !Self.isVariable(variable) {
      faults.append("\"\(variable)\" cannot be the name of a variable")
    }
    for variable in env where !Self.isVariable(variable) {
      faults.append("\"\(variable)\" cannot be the name of an environment variable")
    }
    if ini.contains(where: { $0.section.isEmpty || $0.key.isEmpty }) { faults.append("an ini entry has a section and a key") }
    return faults
  }

  private static func isName(_ text: String) -> Bool {
    guard let first = text.utf8.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first) else { return false }
    return isVariable(text) && text == text.lowercased()
  }

  private static func isVariable(_ text: String) -> Bool {
    guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
    return text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
  }
}
