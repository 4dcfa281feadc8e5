import Files
import Glibc
import Modules
import NIOCore
import NIOPosix
import Wire

/// A file of the controller on its way to a node. Read in pieces as the node's credit allows: at most two pieces
/// of it are in memory. The node is told the SHA-256 of what was read, and renames what it wrote only if that is the same;
/// it is not told of a file that changed while it was read.
///
/// Of a large file the node first says what it has of an earlier try. If the file begins with that, the rest is sent.
final class FileSource: StreamReceiving {
  private static let piece = WireLimits.fragment
  /// Bytes of an earlier try that are read at a time, to be compared: others want the desk too.
  private static let comparedAtOnce = 8_388_608

  private let path: String
  /// The agent's part that writes it.
  private let part: BlobHash
  private let desk: NIOThreadPool
  private let core: RouterCore
  private var descriptor: Int32 = -1
  private var begun: SourceState?
  private var sum = ContentSum()
  /// Bytes that are still to be read. A file that grows is sent up to the size that was announced, and found to have changed.
  private var left = 0
  private var reading = false
  private var finished = false
  /// Whether the node is still to say what it has.
  private var waits = false
  private var stream: NodeStream?
  private var client: ClientStream?

  init(path: String, part: BlobHash, client: ClientStream, desk: NIOThreadPool, core: RouterCore) {
    self.path = path
    self.part = part
    self.client = client
    self.desk = desk
    self.core = core
  }

  func send(call: ByteBuffer, over stream: NodeStream) {
    self.stream = stream
    let path = self.path
    desk.runIfActive(eventLoop: core.loop) { FileSource.begin(path) }.assumeIsolated().whenComplete { outcome in
      switch outcome {
      case .success(.success(.whole(let content, let digest))):
        stream.request(Parts.encode(self.header(#""sha256":"\#(digest)""#), call, content))
        self.client?.attach(stream)
        self.client?.progress(content.readableBytes)
      case .success(.success(.open(let descriptor, let state))):
        self.descriptor = descriptor
        self.begun = state
        self.left = state.size
        self.waits = state.size >= HiddenFile.worthKeeping
        let resume = self.waits ? #","resume":"\#(self.key(of: state))""# : ""
        stream.request(Parts.encode(self.header(#""size":\#(state.size),"summed":true\#(resume)"#), call))
        self.client?.attach(stream)
        stream.sent = { [weak self] _ in self?.fill() }
        self.fill()
      case .success(.failure(let failure)): self.fail(failure.failure)
      case .failure: self.fail(Failure(code: "internal", message: "the router is shutting down"))
      }
    }
  }

  private func header(_ more: String) -> ByteBuffer {
    ByteBuffer(string: #"{"op":"put","part":"\#(part.hex)",\#(more)}"#)
  }

  /// The same for the same file as long as nobody writes it.
  private func key(of state: SourceState) -> String {
    String(ContentSum(of: ByteBuffer(string: "\(path)\0\(state.identity)")).hex.prefix(12))
  }

  // MARK: What the node says

  private struct Prefix: Decodable { var have: Int, sha256: String }

  func frameReceived(_ frame: Frame, kind: FrameKind, on stream: NodeStream) {
    guard kind == .data else {
      client?.frameReceived(frame, kind: kind, on: stream)
      if kind == .reply && !frame.flags.contains(.more) { finish() }
      return
    }
    stream.grant(UInt32(frame.payload.readableBytes))
    guard waits, let begun, let prefix = try? WireJSON.decode(Prefix.self, from: frame.payload) else { return }
    if prefix.have > 0, prefix.have <= begun.size { compare(prefix) } else { begin(at: 0) }
  }

  func streamFailed(_ failure: Failure, on stream: NodeStream) {
    let client = self.client
    finish()
    client?.streamFailed(failure, on: stream)
  }

  private func compare(_ prefix: Prefix) {
    guard let begun, descriptor >= 0 else { return }
    let wanted = min(Self.comparedAtOnce, prefix.have - (begun.size - left))
    read(wanted) { bytes in
      if self.left > begun.size - prefix.have { return self.compare(prefix) }
      self.begin(at: self.sum.hex == prefix.sha256 ? prefix.have : 0)
    }
  }

  private func begin(at offset: Int) {
    guard let stream, let begun else { return }
    if offset == 0 {
      lseek(descriptor, 0, SEEK_SET)
      (sum, left) = (ContentSum(), begun.size)
    }
    waits = false
    stream.data(ByteBuffer(integer: UInt64(offset)), priority: .file)
    fill()
  }

  // MARK: Reading

  private enum Beginning {
    /// Small enough for the request itself.
    case whole(ByteBuffer, digest: String)
    case open(Int32, SourceState)
  }

  private static func begin(_ path: String) -> Result<Beginning, SystemFailure> {
    let fd = open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { return .failure(SystemFailure("open", path)) }
    do throws(SystemFailure) {
      let state = try SourceState(of: fd, path)
      guard state.isRegular else {
        throw SystemFailure(Failure(code: "file", message: "\(path) on the controller is no file"))
      }
      guard state.size <= WireLimits.inlineFile else { return .success(.open(fd, state)) }
      let content = try FilePiece.read(fd, upTo: WireLimits.inlineFile + 1, path)
      guard !state.hasChanged(fd, path) else { throw .changed(path) }
      close(fd)
      return .success(.whole(content, digest: ContentSum(of: content).hex))
    } catch {
      close(fd)
      return .failure(error)
    }
  }

  private func fill() {
    guard !reading, !finished, !waits, let stream, let begun, stream.waitingBytes < Self.piece else { return }
    guard client?.isLive == true else { return finish() }
    client?.progress(begun.size - left - stream.waitingBytes)
    read(min(Self.piece, left)) { bytes in
      if bytes.readableBytes > 0 { stream.data(bytes, priority: .file) }
      // A last piece is shorter than others: empty, if need be.
      if bytes.readableBytes < Self.piece { self.conclude() } else { self.fill() }
    }
  }

  /// Reads on, and adds it to the sum. With the last piece it is known whether the file has changed.
  private func read(_ wanted: Int, then: @escaping (ByteBuffer) -> Void) {
    guard let begun else { return }
    reading = true
    let (fd, path, soFar, isLast) = (descriptor, self.path, sum, !waits && wanted < Self.piece)
    desk.runIfActive(eventLoop: core.loop) { () -> Result<(ByteBuffer, ContentSum), SystemFailure> in
      do throws(SystemFailure) {
        let bytes = try FilePiece.read(fd, upTo: wanted, path)
        if bytes.readableBytes < wanted || isLast && begun.hasChanged(fd, path) { throw .changed(path) }
        var sum = soFar
        sum.add(bytes)
        return .success((bytes, sum))
      } catch {
        return .failure(error)
      }
    }.assumeIsolated().whenComplete { outcome in
      self.reading = false
      if self.finished { return self.release() }
      switch outcome {
      case .success(.success((let bytes, let sum))):
        self.sum = sum
        self.left -= bytes.readableBytes
        then(bytes)
      case .success(.failure(let failure)): self.fail(failure.failure)
      case .failure: self.fail(Failure(code: "internal", message: "the router is shutting down"))
      }
    }
  }

  private func conclude() {
    stream?.data(ByteBuffer(bytes: sum.bytes), priority: .file)
    stream?.end(priority: .file)
    client?.progress(begun?.size ?? 0)
    stream?.sent = nil
    release()
  }

  /// Nothing more is read.
  private func release() {
    if descriptor >= 0, !reading { close(descriptor) }
    if !reading { descriptor = -1 }
  }

  private func finish() {
    finished = true
    stream?.sent = nil
    release()
    stream = nil
    client = nil
  }

  private func fail(_ failure: Failure) {
    guard let client, let stream else { return finish() }
    if descriptor >= 0 {
      // The node's answer comes yet.
      client.giveUp(failure)
      self.stream?.sent = nil
      release()
    } else {
      client.refuse(failure)
      core.cancel(stream)
      finish()
    }
  }
}
