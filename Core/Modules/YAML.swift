/// The part of YAML that routing files are written in: block mappings and sequences, plain, quoted and block scalars, flow
/// collections, anchors. Every scalar is text, as in the loader that Ansible uses for these files. Not there: tags,
/// complex keys, several documents.
///
/// It reads one mapping of a document, and of that what is asked for; the rest is passed over line by line.
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

  /// The mapping behind a path of keys.
  struct Section {
    private enum Content {
      /// The lines on which its keys stand.
      case lines(YAMLReader, [String: Int])
      /// What is not written in block style is read at once.
      case fields([String: Node])
    }

    private let path: [String]
    private let source: [UInt8]
    private let content: Content

    init(at path: [String], in source: [UInt8]) throws(Failure) {
      self.path = path
      self.source = source
      var reader = YAMLReader(source)
      if let lines = reader.keys(at: path) {
        content = .lines(reader, lines)
      } else {
        content = .fields(try Self.fields(at: path, in: source))
      }
    }

    func value(of key: String) throws(Failure) -> Node? {
      switch content {
      case .fields(let fields): return fields[key]
      case .lines(var reader, let lines):
        guard let line = lines[key] else { return nil }
        do {
          return try reader.value(atLine: line)
        } catch {
          // An alias for something that was passed over.
          guard reader.missesAnchor else { throw error }
          return try Self.fields(at: path, in: source)[key]
        }
      }
    }

    private static func fields(at path: [String], in source: [UInt8]) throws(Failure) -> [String: Node] {
      var reader = YAMLReader(source)
      var node = try reader.document()
      for key in path {
        guard case .mapping(let fields)? = node else { return [:] }
        node = fields[key]
      }
      guard case .mapping(let fields)? = node else { return [:] }
      return fields
    }
  }
}
