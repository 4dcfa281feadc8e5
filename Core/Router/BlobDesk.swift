import Modules
import NIOCore
import Routing
import Wire

/// The blobs of a run, and the bundles in which they travel: each combination is compressed once, however many
/// nodes it goes to.
struct BlobDesk {
  private struct Key: Hashable { var names: [BlobHash], encoding: BundleEncoding }

  /// Bundles that are kept: those that the many nodes of one inventory ask for at about the same time.
  private static let keptBundles = 64
  /// Bytes from which LZMA's 14 % are worth its 50 ms: below, the whole fits into one flight anyway.
  private static let worthLzma = 65_536

  private var blobs: [BlobHash: [UInt8]] = [:]
  /// Those whose text names other blobs.
  private var programs: Set<BlobHash> = []
  private var bundles: [Key: ByteBuffer] = [:]
  private var nextBundle: UInt32 = 1
  /// Who waits for a bundle that is being compressed.
  private var waiting: [[BlobHash]: [() -> Void]] = [:]

  mutating func add(_ blob: Blob) { blobs[blob.hash] = blob.bytes }

  mutating func add(_ module: PreparedModule) {
    for blob in module.blobs + module.late + [module.program] { add(blob) }
    programs.insert(module.program.hash)
  }

  /// The frames of a bundle for a first hop.
  mutating func frames(
    for names: [BlobHash], to node: UInt32, by path: BundlePath, priority: FramePriority
  ) -> [Frame] {
    defer { nextBundle &+= 1 }
    return MessageCutter.cut(
      message(names, encoding: encoding(names, path)), kind: .blobs, node: node, stream: nextBundle, priority: priority)
  }

  private func encoding(_ names: [BlobHash], _ path: BundlePath) -> BundleEncoding {
    switch path {
    case .staysOnMachine: .raw
    case .leavesMachine(let readsLzma):
      readsLzma && bundles[Key(names: names, encoding: .lzma)] != nil ? .lzma : .zlib
    }
  }

  private mutating func message(_ names: [BlobHash], encoding: BundleEncoding) -> ByteBuffer {
    let key = Key(names: names, encoding: encoding)
    if let made = bundles[key] { return made }
    let message = bundle(names).encoded(encoding)
    // Raw costs nothing to make again.
    if encoding != .raw { keep(message, as: key) }
    return message
  }

  private func bundle(_ names: [BlobHash]) -> Bundle {
    var bundle = Bundle()
    for name in names {
      guard let bytes = blobs[name] else { continue }
      bundle.add(Bundle.Entry(name: name.bytes, bytes: bytes, refers: programs.contains(name)))
    }
    return bundle
  }

  private mutating func keep(_ message: ByteBuffer, as key: Key) {
    if bundles.count >= Self.keptBundles { bundles.removeAll(keepingCapacity: true) }
    bundles[key] = message
  }

  // MARK: What is compressed elsewhere

  enum Compression {
    /// Not worth LZMA's time, or done.
    case none
    /// For somebody else; `call` waits with them.
    case underway
    /// The caller does it, elsewhere than on the loop, and ends with `compressed`.
    case due(Bundle)
  }

  mutating func compression(of names: [BlobHash], by path: BundlePath, then call: @escaping () -> Void) -> Compression {
    guard case .leavesMachine(readsLzma: true) = path, bundles[Key(names: names, encoding: .lzma)] == nil else {
      return .none
    }
    if waiting[names] != nil {
      waiting[names]!.append(call)
      return .underway
    }
    let bundle = bundle(names)
    guard bundle.size >= Self.worthLzma else { return .none }
    waiting[names] = [call]
    return .due(bundle)
  }

  /// - Parameter message: `nil` if nobody could compress it.
  /// - Returns: those who wait for it.
  mutating func compressed(_ names: [BlobHash], _ message: ByteBuffer?) -> [() -> Void] {
    if let message { keep(message, as: Key(names: names, encoding: .lzma)) }
    return waiting.removeValue(forKey: names) ?? []
  }
}

/// What is known of the link that a bundle takes, and of the node at its other end.
enum BundlePath {
  /// Compressing costs more than the bytes.
  case staysOnMachine
  case leavesMachine(readsLzma: Bool)
}
