import Files
import Glibc
import Modules
import NIOCore
import NIOPosix
import Routing
import Wire

/// A file of the controller on its way to a node. Read in pieces as there is room on the way: a few of them are in memory.
/// The node is told the SHA-256 of what was read, and renames what it wrote only if that is the same; it is not told of a file
/// that changed while it was read.
///
/// Of a large file the node first says what it has of it. If the file begins with that, the rest is sent. What a hop on the way
/// keeps is not sent to that hop again.
final class FileSource: StreamReceiving, KeptPlaceUsing {
  private static let piece = WireLimits.fragment
  /// Bytes that are read at a time: a change of threads for each piece would cost as much as the piece.
  private static let readAtOnce = 524_288
  /// Bytes of what the node has that are read at a time, to be compared: others want the desk too.
  private static let comparedAtOnce = 8_388_608
  /// Seconds that a transfer waits for another to bring what both want to the hop before them.
  private static let patience = TimeAmount.seconds(1)

  private let path: String
  private let call: ByteBuffer
  /// The agent's part that writes it.
  private let part: BlobHash
  private let desk: NIOThreadPool
  private let core: RouterCore
  private var client: ClientStream?
  private var stream: NodeStream?
  private var reader: SourceReader?
  private var pieces: [ByteBuffer] = []
  /// Bytes of the file that were sent, or were there already.
  private var position = 0
  private var state = State.beginning

  private enum State {
    /// The file is being opened. Next: `comparing`, `sending`, `ended`.
    case beginning
    /// The node is still to say what it has. Next: `sending`, `ended`.
    case comparing
    /// Next: `concluded`, `again`, `ended`.
    case sending
    /// All was sent; the answer is to come. Next: `again`, `ended`.
    case concluded
    /// The node gives up what came of the first try, and is sent it anew. Next: `beginning`, `ended`.
    case again
    case ended
  }

  // What is on its way
  private var flight = FlightWindow(ceiling: 0, floor: 0)
  private var share: FlightShare?
  /// Bytes of credit that come for other things than content, and those that have come.
  private var otherCredit = 0
  private var credited = 0
  /// Where the content that was sent begins.
  private var start = 0

  // What a hop keeps
  private var kept: KeptPlace?
  private var hasRepeated = false
  private var isWatching = false

  init(path: String, call: ByteBuffer, part: BlobHash, client: ClientStream, desk: NIOThreadPool, core: RouterCore) {
    self.path = path
    self.call = call
    self.part = part
    self.client = client
    self.desk = desk
    self.core = core
  }

  func send(over stream: NodeStream) {
    self.stream = stream
    state = .beginning
    OpenedSource.open(path, desk: desk, loop: core.loop) { opened in
      switch opened {
      case .success(let source): self.begin(source, over: stream)
      case .failure(let failure): self.fail(failure)
      }
    }
  }

  private func begin(_ source: OpenedSource, over stream: NodeStream) {
    guard case .beginning = state else { return source.close() }
    guard let client, client.isLive else {
      source.close()
      // On the first way whoever cancelled it has been answered.
      if hasRepeated { client?.refuse(Failure(code: "cancelled", message: "the request was cancelled")) }
      core.abandon(stream)
      return finish()
    }
    switch source {
    case .whole(let content, let digest):
      stream.request(Parts.encode(header(#""sha256":"\#(digest)""#), call, content))
      client.attach(stream)
      client.progress(content.readableBytes)
    case .reader(let reader):
      self.reader = reader
      begin(reader, over: stream)
    }
  }

  private func begin(_ reader: SourceReader, over stream: NodeStream) {
    let size = reader.state.size
    client?.beginsTransfer(name: "\(stream.node.name): \(path.split(separator: "/").last ?? "")", total: size)
    let isLarge = size >= HiddenFile.worthKeeping
    let share = FlightShare(of: stream.node, core: core)
    self.share = share
    flight = FlightWindow(ceiling: WireLimits.initialCredit + share.bytes, floor: WireLimits.initialCredit)
    if !hasRepeated { enterKept(reader, for: stream) }
    let request = Parts.encode(
      header(#""size":\#(size),"summed":true,"window":\#(share.bytes)"# + (isLarge ? #","resume":"\#(reader.key)""# : "")), call)
    otherCredit = share.bytes + request.readableBytes + (isLarge ? 8 : 0)
    stream.request(request)
    client?.attach(stream)
    stream.granted = { [weak self] in self?.granted($0) }
    state = isLarge ? .comparing : .sending
    if !isLarge { fill() }
  }

  private func header(_ more: String) -> ByteBuffer {
    ByteBuffer(string: #"{"op":"put","part":"\#(part.hex)",\#(more)}"#)
  }

  // MARK: What the node says

  private struct Prefix: Decodable { var have: Int, sha256: String }

  func frameReceived(_ frame: Frame, kind: FrameKind, on stream: NodeStream) {
    guard kind == .data else {
      let isLast = kind == .reply && !frame.flags.contains(.more)
      if isLast, let reader { kept?.arrived(upTo: reader.state.size, of: self) }
      client?.frameReceived(frame, kind: kind, on: stream)
      if isLast { finish() }
      return
    }
    stream.grant(UInt32(frame.payload.readableBytes))
    guard case .comparing = state, let reader, let prefix = try? WireJSON.decode(Prefix.self, from: frame.payload) else { return }
    if prefix.have > 0, prefix.have <= reader.state.size { compare(prefix, reader) } else { begin(at: 0, reader) }
  }

  func streamFailed(_ failure: Failure, on stream: NodeStream) {
    // The node's own answer, and not its end: it was cancelled, or the end came there before that, and bytes were missing.
    if case .again = state, core.record(stream.node.id) === stream.node, let client, client.isLive {
      letGo()
      return send(over: core.openStream(on: stream.node, receiver: self))
    }
    let client = self.client
    finish()
    client?.streamFailed(failure, on: stream)
  }

  private func compare(_ prefix: Prefix, _ reader: SourceReader) {
    reader.read(min(Self.comparedAtOnce, prefix.have - reader.offset)) { result in
      guard case .success = result else { return self.readFailed(result) }
      if reader.offset < prefix.have { return self.compare(prefix, reader) }
      self.begin(at: reader.digest.hex == prefix.sha256 ? prefix.have : 0, reader)
    }
  }

  private func begin(at offset: Int, _ reader: SourceReader) {
    if offset == 0 { reader.rewind() }
    (start, position) = (offset, offset)
    state = .sending
    stream?.data(ByteBuffer(integer: UInt64(offset)), priority: .file)
    fill()
  }

  // MARK: Sending

  private func granted(_ bytes: Int) {
    credited += bytes
    let arrived = max(0, credited - otherCredit) - (position - start - flight.inFlight)
    if arrived > 0 {
      let now = NIODeadline.now().uptimeNanoseconds
      flight.arrived(arrived, now: now, besideCalls: share?.isBesideCalls(now: now) ?? false)
      kept?.arrived(upTo: position - flight.inFlight, of: self)
    }
    fill()
  }

  private func fill() {
    guard case .sending = state, let stream, let reader else { return }
    guard client?.isLive == true else {
      // The node was told, and answers yet.
      state = .concluded
      return letGo()
    }
    while let piece = pieces.first, fits(piece.readableBytes, on: stream) {
      guard let (frame, count) = frame(of: piece, on: stream) else { break }
      let bytes = pieces[..<count].reduce(0) { $0 + $1.readableBytes }
      pieces.removeFirst(count)
      stream.content(frame, standingFor: bytes)
      flight.sent(bytes, now: NIODeadline.now().uptimeNanoseconds)
      position += bytes
    }
    client?.progress(position)
    if reader.isAtEnd, pieces.isEmpty, reader.offset == position { return conclude(stream, reader) }
    readOn(reader)
  }

  private func fits(_ bytes: Int, on stream: NodeStream) -> Bool { flight.hasRoom(for: bytes) && stream.room >= bytes }

  /// The frame of the next piece, which may stand for several; `nil`: it has to wait for another transfer.
  private func frame(of piece: ByteBuffer, on stream: NodeStream) -> (Frame, pieces: Int)? {
    let (node, id) = (stream.node.id, stream.id)
    let isZeros = piece.isNothingButZeros
    let way = kept?.way(from: position, bytes: piece.readableBytes, for: self) ?? .plain
    switch (way, kept) {
    // Zeros cost nothing on the way, so no hop keeps them, but for the first: with that it begins its file.
    case (.kept, let kept?) where !isZeros || position == 0: return (kept.keep(piece, at: position, for: node, stream: id), 1)
    case (.repeated, let kept?) where !isZeros:
      hasRepeated = true
      var (bytes, count) = (0, 0)
      for next in pieces {
        guard fits(bytes + next.readableBytes, on: stream), position + bytes + next.readableBytes <= kept.there,
          !next.isNothingButZeros
        else { break }
        bytes += next.readableBytes
        count += 1
      }
      return (kept.again(bytes, at: position, for: node, stream: id), count)
    case (.later, _):
      waitForOther()
      return nil
    default:
      guard isZeros else { return (Frame(.data, node: node, stream: id, priority: .file, payload: piece), 1) }
      let count = ByteBuffer(integer: UInt32(piece.readableBytes))
      return (Frame(.zeros, node: node, stream: id, priority: .file, payload: count), 1)
    }
  }

  private func readOn(_ reader: SourceReader) {
    guard !reader.isReading, !reader.isAtEnd, pieces.count * Self.piece < Self.readAtOnce / 2 else { return }
    // Wherever a transfer began: a piece that is zeros for one is so for all.
    let beyond = reader.offset % Self.piece
    reader.read(Self.readAtOnce - beyond) { result in
      guard case .success(var bytes) = result else { return self.readFailed(result) }
      var wanted = Self.piece - beyond
      while bytes.readableBytes > 0, let piece = bytes.readSlice(length: min(wanted, bytes.readableBytes)) {
        self.pieces.append(piece)
        wanted = Self.piece
      }
      self.fill()
    }
  }

  private func conclude(_ stream: NodeStream, _ reader: SourceReader) {
    state = .concluded
    stream.data(ByteBuffer(bytes: reader.digest.bytes), priority: .file)
    stream.end(priority: .file)
    reader.close()
  }

  // MARK: What a hop keeps

  private func enterKept(_ reader: SourceReader, for stream: NodeStream) {
    let name = stride(from: 0, to: 12, by: 2).compactMap { UInt8(reader.key.dropFirst($0).prefix(2), radix: 16) }
    kept = core.keptPlace(before: stream.node.id, name: name, size: reader.state.size)
    kept?.enter(self)
  }

  private func leaveKept() {
    if let kept { core.leave(kept, self) }
    kept = nil
  }

  func keptContentGrew() { fill() }

  func keptContentLost() {
    kept = nil
    guard hasRepeated else { return fill() }
    switch state {
    case .sending, .concluded:
      state = .again
      if let stream { core.cancel(stream) }
    default: break
    }
  }

  /// Who brings it to the hop may be slower than the way to there, or stand still.
  private func waitForOther() {
    guard let place = kept, !isWatching else { return }
    isWatching = true
    let (there, at) = (place.there, position)
    core.loop.assumeIsolated().scheduleTask(in: Self.patience) {
      self.isWatching = false
      guard self.kept === place, self.position == at else { return }
      if place.there == there {
        self.leaveKept()
      }
      self.fill()
    }
  }

  // MARK: The end

  private func letGo() {
    share?.giveBack()
    leaveKept()
    reader?.close()
    reader = nil
    pieces.removeAll()
    (credited, start, position) = (0, 0, 0)
  }

  private func finish() {
    state = .ended
    stream?.granted = nil
    letGo()
    stream = nil
    client = nil
  }

  private func readFailed(_ result: Result<ByteBuffer, Failure>) {
    if case .failure(let failure) = result { fail(failure) }
  }

  private func fail(_ failure: Failure) {
    guard let client, let stream else { return finish() }
    if reader != nil {
      // The node's answer comes yet.
      state = .concluded
      letGo()
      client.giveUp(failure)
    } else {
      client.refuse(failure)
      core.abandon(stream)
      finish()
    }
  }
}

extension ByteBuffer {
  /// As what is read from a hole.
  fileprivate var isNothingButZeros: Bool {
    withUnsafeReadableBytes { bytes in
      // Equal to itself moved by one, and the first is zero.
      guard let base = bytes.baseAddress, bytes.count > 1, bytes[0] == 0 else { return false }
      return memcmp(base, base + 1, bytes.count - 1) == 0
    }
  }
}
