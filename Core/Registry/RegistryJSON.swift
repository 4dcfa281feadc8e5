import FoundationEssentials

/// The one place of Registry that touches FoundationEssentials.
package enum RegistryJSON {
  package static func encode(_ value: some Encodable, pretty: Bool = false) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
    return Array(try encoder.encode(value))
  }

  package static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws -> Value {
    try JSONDecoder().decode(type, from: Data(bytes))
  }

  /// Where in the document, and what: "plugins.0.kind: expected String".
  package static func explanation(_ error: any Error) -> String {
    guard let error = error as? DecodingError else { return "\(error)" }
    let (context, detail): (DecodingError.Context, String) =
      switch error {
      case .keyNotFound(let key, let context): (context, "no \"\(key.stringValue)\"")
      case .typeMismatch(let type, let context): (context, "not of type \(type)")
      case .valueNotFound(let type, let context): (context, "null, where a \(type) is needed")
      case .dataCorrupted(let context): (context, context.debugDescription)
      @unknown default: (.init(codingPath: [], debugDescription: ""), "\(error)")
      }
    let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
    return path.isEmpty ? detail : "\(path): \(detail)"
  }
}
