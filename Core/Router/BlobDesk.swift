import Modules
import NIOCore
import Routing
import Wire

/// The blobs of a run, and the bundles in which they travel: each combination is compressed once, however many
/// nodes it goes to.
struct BlobDesk {
  /// Bundles that are kept: those that the many nodes of one inventory ask for at about the same time.
  private static let keptBundles = 64

  private var blobs: [BlobHash: [UInt8]] = [:]
  private var bundles: [[BlobHash]: ByteBuffer] = [:]
  private var nextBundle: UInt32 = 1

  mutating func add(_ blob: Blob) { blobs[blob.hash] = blob.bytes }

  /// The frames of a bundle for a first hop.
  mutating func frames(for names: [BlobHash], to node: UInt32) -> [Frame] {
    defer { nextBundle &+= 1 }
    return MessageCutter.cut(
      bundle(names), kind: .blobs, node: node, stream: nextBundle, priority: .call)
  }

  private mutating func bundle(_ names: [BlobHash]) -> ByteBuffer {
    if let made = bundles[names] { return made }
    var plain = ByteBuffer()
    for name in names {
      guard let bytes = blobs[name] else { continue }
      plain.writeBytes(name.bytes)
      plain.writeInteger(UInt32(bytes.count))
      plain.writeBytes(bytes)
    }
    var bundle = ByteBuffer()
    bundle.writeInteger(UInt8(1))
    bundle.writeBytes(ZlibBuffer.compress(plain.readableBytesView, level: 9))
    if bundles.count >= Self.keptBundles { bundles.removeAll(keepingCapacity: true) }
    bundles[names] = bundle
    return bundle
  }
}
