import NIOCore
import Wire

extension Session {
  /// How a copy is made.
  public struct CopyOptions: Sendable {
    /// Directories with all that is in them.
    public var recursive = false
    /// Modes and times become those of the source, whatever the umask, and whatever stood there before.
    public var preserve = false

    public init() {}
  }

  /// What happens during a copy; called from several threads, one at a time.
  public struct CopyEvents: Sendable {
    /// Bytes of content that have been copied, and all that there are.
    public var progress: @Sendable (_ done: Int, _ total: Int) -> Void
    /// Something that was not copied, and why. The rest is.
    public var problem: @Sendable (_ message: String) -> Void

    public init(
      progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in },
      problem: @escaping @Sendable (_ message: String) -> Void
    ) {
      self.progress = progress
      self.problem = problem
    }
  }

  /// Copies files, and trees of files, to the node of a route or from there.
  ///
  /// - Throws: `Failure` where nothing can be copied, or nothing more.
  public func copy(_ direction: CopyDirection, options: CopyOptions, events: CopyEvents) throws {
    switch direction {
    case .push(let sources, let path, let route):
      try CopyToNode(link: try nodeLink(route), options: options, tally: CopyTally(events)).run(sources, to: path)
    case .pull(let sources, let route, let path):
      try CopyFromNode(link: try nodeLink(route), options: options, tally: CopyTally(events)).run(sources, to: path)
    }
  }
}

/// Requests about files of one node.
struct NodeLink: Sendable {
  let client: SessionClient
  /// The hops of its route, as the router takes them.
  let hops: [ByteBuffer]

  struct Header: Encodable {
    var op: String
    var hops = 0
    var source: String?
    var destination: String?
    var preserve: Bool?
    var progress: Bool?
  }

  /// - Parameter progress: gets the bytes of content that were moved so far.
  func request(
    _ header: Header, _ parts: [ByteBuffer], progress: (@Sendable (Int) -> Void)? = nil
  ) -> EventLoopFuture<[ByteBuffer]> {
    var header = header
    header.hops = hops.count
    header.progress = progress == nil ? nil : true
    return client.request(Parts.encode([WireJSON.encode(header)] + hops + parts)) { data in
      var data = ByteBuffer(data)
      if let bytes = data.readInteger(as: UInt64.self) { progress?(Int(clamping: bytes)) }
    }
  }

  func list(_ paths: [String], recursive: Bool) throws -> TreeListing {
    struct Call: Encodable { var paths: [String], recursive: Bool }
    let call = WireJSON.encode(Call(paths: paths, recursive: recursive))
    let reply = try request(Header(op: "list"), [call]).wait()
    return try WireJSON.decode(TreeListing.self, from: reply.first ?? ByteBuffer())
  }
}

extension Failure {
  /// Whether it is one file's, and others may well be copied.
  var isOfOneFile: Bool { ["file", "not_found", "changed", "integrity"].contains(code) }
}
