import NIOCore
import Routing
import Wire

/// The content of one source on one hop, and the transfers that have a part in it.
final class KeptPlace {
  let hop: UInt32
  /// What the hop calls it.
  let name: [UInt8]
  private var content = KeptContent<ObjectIdentifier>()
  private var transfers: [ObjectIdentifier: any KeptPlaceUsing] = [:]

  /// Bytes of a source that hops keep at most; they keep no more of all (`Core/Agent/python/kept.py`).
  static let most = 2_147_483_648

  init(hop: UInt32, name: [UInt8]) {
    self.hop = hop
    self.name = name
  }

  /// Bytes that are known to be there.
  var there: Int { content.there }

  /// Nobody has a part in it, and nothing is known to be there.
  var isEmpty: Bool { transfers.isEmpty && there == 0 }

  func enter(_ transfer: any KeptPlaceUsing) { transfers[ObjectIdentifier(transfer)] = transfer }

  func leave(_ transfer: any KeptPlaceUsing) {
    transfers[ObjectIdentifier(transfer)] = nil
    if content.ended(ObjectIdentifier(transfer)) { tellOthers(than: transfer) }
  }

  func way(from offset: Int, bytes: Int, for transfer: any KeptPlaceUsing) -> KeptContent<ObjectIdentifier>.Way {
    content.way(from: offset, bytes: bytes, for: ObjectIdentifier(transfer))
  }

  func arrived(upTo offset: Int, of transfer: any KeptPlaceUsing) {
    if content.arrived(upTo: offset, of: ObjectIdentifier(transfer)) { tellOthers(than: transfer) }
  }

  func lost() {
    let all = transfers.values
    transfers = [:]
    for transfer in Array(all) { transfer.keptContentLost() }
  }

  private func tellOthers(than transfer: any KeptPlaceUsing) {
    for other in Array(transfers.values) where other !== transfer { other.keptContentGrew() }
  }

  // MARK: Frames of a transfer's stream

  func keep(_ piece: ByteBuffer, at offset: Int, for node: UInt32, stream: UInt32) -> Frame {
    var payload = place(offset, room: piece.readableBytes)
    payload.writeImmutableBuffer(piece)
    return Frame(.keep, node: node, stream: stream, priority: .file, payload: payload)
  }

  func again(_ bytes: Int, at offset: Int, for node: UInt32, stream: UInt32) -> Frame {
    var payload = place(offset, room: 4)
    payload.writeInteger(UInt32(bytes))
    return Frame(.repeated, node: node, stream: stream, priority: .file, payload: payload)
  }

  private func place(_ offset: Int, room: Int) -> ByteBuffer {
    var payload = ByteBuffer()
    payload.reserveCapacity(18 + room)
    payload.writeInteger(hop)
    payload.writeBytes(name)
    payload.writeInteger(UInt64(offset))
    return payload
  }
}

/// A transfer that a hop may keep, or have already.
protocol KeptPlaceUsing: AnyObject {
  func keptContentGrew()
  /// The hop has it no more: what it was told to send on may not have been.
  func keptContentLost()
}

extension RouterCore {
  struct KeptKey: Hashable { var hop: UInt32, name: [UInt8] }

  /// Where a source's content is kept on its way to a node: on the last hop from which several others lead on, to other
  /// machines or containers. `nil`: nowhere; it would save nothing, or is too large.
  func keptPlace(before id: UInt32, name: [UInt8], size: Int) -> KeptPlace? {
    guard size <= KeptPlace.most else { return nil }
    let path = tree.path(to: id)
    for (hop, next) in zip(path, path.dropFirst()).reversed() where record(next)?.changesAccountOnly == false {
      guard let children = tree[hop]?.children.count, children > 1 else { return nil }
      let key = KeptKey(hop: hop, name: name)
      if let known = keptPlaces[key] { return known }
      let place = KeptPlace(hop: hop, name: name)
      keptPlaces[key] = place
      return place
    }
    return nil
  }

  /// A hop says that it keeps something no more.
  func lost(_ payload: ByteBuffer, by record: NodeRecord) {
    keptPlaces.removeValue(forKey: KeptKey(hop: record.id, name: Array(payload.readableBytesView)))?.lost()
  }

  func leave(_ place: KeptPlace, _ transfer: any KeptPlaceUsing) {
    place.leave(transfer)
    let key = KeptKey(hop: place.hop, name: place.name)
    if place.isEmpty, keptPlaces[key] === place { keptPlaces[key] = nil }
  }

  func forgetKept(by hop: UInt32) {
    // Those behind it are gone, and their transfers with them.
    for key in keptPlaces.keys.filter({ $0.hop == hop }) { keptPlaces[key] = nil }
  }
}
