/// The part of YAML that routing files are written in: block mappings and sequences, plain, quoted and block scalars, flow
/// collections, anchors. Every scalar is text, as in the loader that Ansible uses for these files. Not there: tags,
/// complex keys, several documents.
///
/// It reads one path of keys and passes over the rest line by line; an alias whose anchor was passed over makes it read
/// the whole file.
enum YAML {
  indirect enum Node: Equatable {
    case scalar(String)
    case mapping([String: Node])
    case sequence([Node])

    var text: String? {
      guard case .scalar(let text) = self else { return nil }
      return text
    }
  }

  struct Failure: Error, Equatable {
    /// Counted from 1.
    var line: Int
    var reason: String
  }

  /// The value behind the keys of `path`, if they are there.
  static func value(at path: [String], in source: [UInt8]) throws(Failure) -> Node? {
    var reader = YAMLReader(source)
    var node: Node?
    do {
      node = try reader.document(path: path)
    } catch {
      guard reader.missesAnchor else { throw error }
      reader = YAMLReader(source)
      node = try reader.document(path: [])
    }
    for key in path {
      guard case .mapping(let fields)? = node else { return nil }
      node = fields[key]
    }
    return node
  }
}
