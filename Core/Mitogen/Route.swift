import FoundationEssentials

/// The way to an account, as a person writes it: `ssh://deploy@web1:2222/sudo:root`.
///
/// The first hop is `local` or `METHOD://[USER@]HOST[:PORT]`, each further one `METHOD[:USER]` (become) or
/// `METHOD://[USER@]NAME` (a connection from there).
public struct Route: Sendable, Equatable {
  public struct Hop: Sendable, Equatable {
    public var method: String
    public var user: String?
    public var host: String?
    public var port: Int?

    public init(method: String, user: String? = nil, host: String? = nil, port: Int? = nil) {
      self.method = method
      self.user = user
      self.host = host
      self.port = port
    }
  }

  public var hops: [Hop]

  public struct Malformed: Error, CustomStringConvertible {
    public var description: String
  }

  public init(_ text: String) throws(Malformed) {
    var rest = text[...]
    var hops: [Hop] = []
    while !rest.isEmpty {
      hops.append(try Self.takeHop(&rest, whole: text))
    }
    guard !hops.isEmpty else { throw Malformed(description: "an empty route; for example: ssh://web1/sudo:root") }
    self.hops = hops
  }

  private static func takeHop(_ rest: inout Substring, whole: String) throws(Malformed) -> Hop {
    let method = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." || $0 == "-" }
    guard !method.isEmpty else { throw Malformed(description: "\"\(whole)\": a hop begins with the name of a method") }
    rest = rest.dropFirst(method.count)
    var hop = Hop(method: String(method))
    if rest.hasPrefix("://") {
      rest = rest.dropFirst(3)
      var place = rest.prefix { $0 != "/" }
      rest = rest.dropFirst(place.count)
      if let at = place.lastIndex(of: "@") {
        hop.user = String(place[..<at])
        place = place[place.index(after: at)...]
      }
      try split(place, into: &hop, whole: whole)
    } else if rest.hasPrefix(":") {
      let user = rest.dropFirst().prefix { $0 != "/" }
      rest = rest.dropFirst(user.count + 1)
      hop.user = String(user)
    }
    if rest.hasPrefix("/") {
      rest = rest.dropFirst()
    } else if !rest.isEmpty {
      throw Malformed(description: "\"\(whole)\": unexpected \"\(rest)\"")
    }
    return hop
  }

  /// HOST, HOST:PORT, [V6] or [V6]:PORT.
  private static func split(_ place: Substring, into hop: inout Hop, whole: String) throws(Malformed) {
    var port: Substring?
    if place.hasPrefix("["), let end = place.firstIndex(of: "]") {
      hop.host = String(place[place.index(after: place.startIndex)..<end])
      let tail = place[place.index(after: end)...]
      port = tail.hasPrefix(":") ? tail.dropFirst() : nil
    } else if let colon = place.lastIndex(of: ":") {
      hop.host = String(place[..<colon])
      port = place[place.index(after: colon)...]
    } else {
      hop.host = String(place)
    }
    if let port {
      guard let number = Int(port), (1...65_535).contains(number) else {
        throw Malformed(description: "\"\(whole)\": \"\(port)\" is not a port")
      }
      hop.port = number
    }
    if hop.host?.isEmpty ?? true { throw Malformed(description: "\"\(whole)\": \(hop.method) needs a host") }
  }
}
