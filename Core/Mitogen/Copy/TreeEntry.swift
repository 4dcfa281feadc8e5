/// A file, directory or link of a tree, here or on a node.
struct TreeEntry: Sendable, Equatable {
  enum Kind: String, Sendable {
    case file, directory, link
    /// A device, a pipe, a socket.
    case other
    case missing
    /// It could not be looked at; `detail` says why.
    case error
  }

  /// Which of the places that were asked for it belongs to.
  var root: Int
  /// Below that; empty for the place itself.
  var path: String
  var kind: Kind
  var size = 0
  /// In octal digits.
  var mode = ""
  /// In nanoseconds since 1970.
  var modified = 0
  /// What a link leads to; what went wrong.
  var detail = ""

  var modeBits: UInt32 { UInt32(mode, radix: 8) ?? 0o600 }
}

extension TreeEntry: Decodable {
  init(from decoder: any Decoder) throws {
    var row = try decoder.unkeyedContainer()
    root = try row.decode(Int.self)
    path = try row.decode(String.self)
    kind = Kind(rawValue: try row.decode(String.self)) ?? .other
    size = try row.decode(Int.self)
    mode = try row.decode(String.self)
    modified = try row.decode(Int.self)
    detail = try row.decode(String.self)
  }
}

/// What a node says is there. It is believed only as far as it cannot lead out of the place that was asked for.
struct TreeListing: Decodable {
  /// The places that were asked for, as absolute paths.
  var roots: [String]
  var entries: [TreeEntry]

  /// The entries of which each stands in a directory that was listed before it. No name is there twice: a link would
  /// otherwise take the place of a directory, and what is listed in it would be written wherever the link leads.
  var sound: (entries: [TreeEntry], refused: [TreeEntry]) {
    struct Name: Hashable { var root: Int, path: String }
    var (seen, directories) = (Set<Name>(), Set<Name>())
    var (sound, refused): ([TreeEntry], [TreeEntry]) = ([], [])
    for entry in entries {
      let name = Name(root: entry.root, path: entry.path)
      guard roots.indices.contains(entry.root), seen.insert(name).inserted, Self.isPlain(entry.path),
        entry.path.isEmpty || directories.contains(Name(root: entry.root, path: Self.parent(of: entry.path)))
      else {
        refused.append(entry)
        continue
      }
      if entry.kind == .directory { directories.insert(name) }
      sound.append(entry)
    }
    return (sound, refused)
  }

  private static func parent(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
  }

  private static func isPlain(_ path: String) -> Bool {
    path.isEmpty
      || path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { name in
        !name.isEmpty && name != "." && name != ".." && !name.utf8.contains(0)
      }
  }
}
