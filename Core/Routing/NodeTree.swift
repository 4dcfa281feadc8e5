import NIOCore
import Wire

/// The nodes of a run, who is behind whom, and which blobs each one holds.
///
/// A node's key is its route as the client wrote it, byte for byte: same bytes, same node. `Name` is the type of a
/// blob's name.
public struct NodeTree<Name: Hashable & Sendable>: Sendable {
  public struct Node: Sendable {
    public let id: UInt32
    public let key: ByteBuffer
    public let parent: UInt32?
    /// The first hop on the way to it, whose link carries its frames; itself for a first hop.
    public let first: UInt32
    public let depth: Int
    public fileprivate(set) var held: Set<Name> = []
    public fileprivate(set) var children: Set<UInt32> = []
    fileprivate var nextStream: UInt32 = 1
  }

  /// One step to bring blobs to a node. Steps are sent in order, over the same link.
  public enum Delivery: Equatable, Sendable {
    /// Send these in a bundle to this first hop.
    case bundle(to: UInt32, [Name])
    /// Tell this node to pass on what it holds to its child.
    case supply(at: UInt32, child: UInt32, [Name])
  }

  private var nodes: [UInt32: Node] = [:]
  private var byKey: [ByteBuffer: UInt32] = [:]
  private var nextID: UInt32 = 1

  public init() {}

  public var count: Int { nodes.count }
  public var all: some Collection<Node> { nodes.values }

  public subscript(id: UInt32) -> Node? { nodes[id] }

  public func node(for key: ByteBuffer) -> Node? { byKey[key].flatMap { nodes[$0] } }

  /// Adds a node behind `parent`, or a first hop.
  public mutating func add(key: ByteBuffer, parent: UInt32?) -> Node {
    let id = nextID
    nextID += 1
    let above = parent.flatMap { nodes[$0] }
    let node = Node(id: id, key: key, parent: parent, first: above?.first ?? id, depth: (above?.depth ?? 0) + 1)
    nodes[id] = node
    byKey[key] = id
    if let parent { nodes[parent]?.children.insert(id) }
    return node
  }

  /// The next stream's number on a node.
  public mutating func takeStream(of id: UInt32) -> UInt32 {
    guard let stream = nodes[id]?.nextStream else { return 0 }
    nodes[id]!.nextStream = stream + 1
    return stream
  }

  /// Removes a node and all behind it; returns them, the deepest first.
  public mutating func remove(_ id: UInt32) -> [Node] {
    guard let node = nodes[id] else { return [] }
    var gone: [Node] = []
    for child in node.children.sorted() { gone += remove(child) }
    if let parent = node.parent { nodes[parent]?.children.remove(id) }
    nodes[id] = nil
    if byKey[node.key] == id { byKey[node.key] = nil }
    return gone + [node]
  }

  /// Takes the keys of a node and of all behind it: no request finds them any more, they stay as they are.
  public mutating func takeKeys(of id: UInt32) {
    for each in descendants(of: id) + [id] {
      if let key = nodes[each]?.key, byKey[key] == each { byKey[key] = nil }
    }
  }

  /// All behind a node, the deepest first.
  public func descendants(of id: UInt32) -> [UInt32] {
    (nodes[id]?.children.sorted() ?? []).flatMap { descendants(of: $0) + [$0] }
  }

  public func holds(_ name: Name, at id: UInt32) -> Bool { nodes[id]?.held.contains(name) ?? false }

  /// From the first hop to the node itself.
  public func path(to id: UInt32) -> [UInt32] {
    var path: [UInt32] = []
    var next: UInt32? = id
    while let at = next, let node = nodes[at] {
      path.append(at)
      next = node.parent
    }
    return path.reversed()
  }

  /// The steps after which the node holds all of `names`: each one crosses a link at most once in a run, and is
  /// served from the memory of the hop before it.
  public mutating func deliver(_ names: [Name], to id: UInt32) -> [Delivery] {
    guard let node = nodes[id] else { return [] }
    var missing = names.filter { !node.held.contains($0) }
    if missing.isEmpty { return [] }
    var seen: Set<Name> = []
    missing = missing.filter { seen.insert($0).inserted }
    var steps: [Delivery] = []
    var above: UInt32?
    for hop in path(to: id) {
      let lacks = missing.filter { !nodes[hop]!.held.contains($0) }
      if !lacks.isEmpty {
        if let above {
          steps.append(.supply(at: above, child: hop, lacks))
        } else {
          steps.append(.bundle(to: hop, lacks))
        }
        nodes[hop]!.held.formUnion(lacks)
      }
      above = hop
    }
    return steps
  }

  /// What `deliver` would send to the first hop on the way to the node, in its order.
  public func lacking(_ names: [Name], to id: UInt32) -> (first: UInt32, names: [Name]) {
    guard let node = nodes[id], let first = nodes[node.first] else { return (id, []) }
    var seen: Set<Name> = []
    return (
      first.id,
      names.filter { !node.held.contains($0) && !first.held.contains($0) && seen.insert($0).inserted }
    )
  }

  /// A node says that it lacks blobs. Those that it was given before are counted as lost, and returned to be
  /// delivered again; it has no claim to any other.
  public mutating func lost(_ names: [Name], at id: UInt32) -> [Name] {
    guard let held = nodes[id]?.held else { return [] }
    let had = names.filter(held.contains)
    nodes[id]!.held.subtract(had)
    return had
  }
}
