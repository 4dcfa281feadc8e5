/// One end of a copy, as a person writes it: a path here, or `ROUTE:PATH` on the node of a route.
public enum CopyPlace: Sendable, Equatable {
  case here(path: String)
  case there(Route, path: String)

  public struct Malformed: Error, CustomStringConvertible {
    public var description: String
  }

  /// The path of a node is absolute or begins with `~`: so the colon before it cannot be one of the route, behind which
  /// a port, an account or `//` stands.
  public init(_ text: String) throws(Malformed) {
    guard !text.hasPrefix("/"), !text.hasPrefix("."), let colon = Self.separator(in: text) else {
      if !text.hasPrefix("/"), !text.hasPrefix("."), text.contains("://") {
        throw Malformed(
          description: "\"\(text)\" has a route and no path; expected ROUTE:PATH, with a path that begins with / or ~")
      }
      guard !text.isEmpty else { throw Malformed(description: "an empty path") }
      self = .here(path: text)
      return
    }
    do {
      self = .there(try Route(String(text[..<colon])), path: String(text[text.index(after: colon)...]))
    } catch {
      throw Malformed(description: "\(error) A file here whose name has a colon is written ./\(text)")
    }
  }

  private static func separator(in text: String) -> String.Index? {
    text.indices.first { index in
      guard text[index] == ":" else { return false }
      let rest = text[text.index(after: index)...]
      return rest.hasPrefix("~") || rest.hasPrefix("/") && !rest.hasPrefix("//")
    }
  }
}

/// A copy: where from, where to. One end of it is here.
public enum CopyDirection: Sendable, Equatable {
  case push([String], to: String, on: Route)
  case pull([String], on: Route, to: String)

  public var route: Route {
    switch self {
    case .push(_, _, let route), .pull(_, let route, _): route
    }
  }

  public init(from sources: [CopyPlace], to destination: CopyPlace) throws(CopyPlace.Malformed) {
    var (here, there): ([String], [(route: Route, path: String)]) = ([], [])
    for source in sources {
      switch source {
      case .here(let path): here.append(path)
      case .there(let route, let path): there.append((route, path))
      }
    }
    switch destination {
    case .there(let route, let path):
      guard there.isEmpty else { throw Self.needsOneEndHere }
      self = .push(here, to: path, on: route)
    case .here(let path):
      guard let route = there.first?.route, here.isEmpty else { throw Self.needsOneEndHere }
      guard there.allSatisfy({ $0.route == route }) else {
        throw CopyPlace.Malformed(description: "the sources are on several nodes; copy from each by itself")
      }
      self = .pull(there.map(\.path), on: route, to: path)
    }
  }

  private static var needsOneEndHere: CopyPlace.Malformed {
    CopyPlace.Malformed(
      description: "one end of a copy is here, the other ROUTE:PATH, as in: mitogen copy file ssh://web1:/tmp/file")
  }
}
