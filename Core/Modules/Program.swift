import Plans

/// The JSON of a program. Its keys are sorted, so that the same module has the same hash on every run.
struct Program {
  let json: [UInt8]

  init(request: ModuleRequest, runner: String, half: Blob, plan: RunPlan, closure: ModuleClosure) {
    var fields: [String: [UInt8]] = plan.settings.mapValues(JSONText.quoted)
    fields["runner"] = JSONText.quoted(runner)
    fields["half"] = JSONText.quoted(half.hash.hex)
    fields["module"] = JSONText.quoted(closure.moduleName)
    fields["entry"] = JSONText.quoted(closure.entry)
    fields["ansible_version"] = JSONText.quoted(request.version)
    if !closure.late.isEmpty { fields["late"] = JSONText.array(closure.late.map(JSONText.quoted)) }
    if let profile = closure.profile { fields["profile"] = JSONText.quoted(profile) }
    fields["files"] = JSONText.object(closure.members.mapValues { JSONText.quoted($0.blob.hash.hex) })
    json = JSONText.object(fields)
  }
}

/// Just the JSON that a program needs, with nothing left to an encoder's choice.
enum JSONText {
  /// Values are JSON already.
  static func object(_ fields: [String: [UInt8]]) -> [UInt8] {
    var text: [UInt8] = [UInt8(ascii: "{")]
    for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
      if text.count > 1 { text.append(UInt8(ascii: ",")) }
      text += quoted(key)
      text.append(UInt8(ascii: ":"))
      text += value
    }
    text.append(UInt8(ascii: "}"))
    return text
  }

  static func array(_ values: [[UInt8]]) -> [UInt8] {
    Array("[".utf8) + values.joined(separator: [UInt8(ascii: ",")]) + Array("]".utf8)
  }

  static func quoted(_ string: String) -> [UInt8] {
    var text: [UInt8] = [Byte.doubleQuote]
    for c in string.utf8 {
      switch c {
      case Byte.doubleQuote, Byte.backslash: text += [Byte.backslash, c]
      case 0..<Byte.space:
        let digits = Array("0123456789abcdef".utf8)
        text += Array("\\u00".utf8) + [digits[Int(c >> 4)], digits[Int(c & 15)]]
      default: text.append(c)
      }
    }
    text.append(Byte.doubleQuote)
    return text
  }
}
