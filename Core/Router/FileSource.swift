import Files
import Glibc
import Modules
import NIOCore
import NIOPosix
import Wire

/// A file of the controller on its way to a node. Read in pieces as the node's credit allows: at most two pieces
/// of it are in memory. The node is told the SHA-256 of what was read, and renames what it wrote only if that is the same;
/// it is not told of a file that changed while it was read.
final class FileSource {
  private static let piece = WireLimits.fragment

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
  private var stream: NodeStream?
  private var client: ClientStream?

  init(path: String, part: BlobHash, desk: NIOThreadPool, core: RouterCore) {
    self.path = path
    self.part = part
    self.desk = desk
    self.core = core
  }

  /// A stream that ends early lets go of who fed it.
  deinit { if descriptor >= 0 { close(descriptor) } }

  func send(call: ByteBuffer, over stream: NodeStream, for client: ClientStream) {
    self.stream = stream
    self.client = client
    let path = self.path
    desk.runIfActive(eventLoop: core.loop) { FileSource.begin(path) }.assumeIsolated().whenComplete { outcome in
      switch outcome {
      case .success(.success(.whole(let content, let digest))):
        stream.request(Parts.encode(self.header(#""sha256":"\#(digest)""#), call, content))
        client.attach(stream)
        client.progress(content.readableBytes)
      case .success(.success(.open(let descriptor, let state))):
        self.descriptor = descriptor
        self.begun = state
        self.left = state.size
        stream.request(Parts.encode(self.header(#""size":\#(state.size),"summed":true"#), call))
        client.attach(stream)
        stream.sent = { _ in self.fill() }
        self.fill()
      case .success(.failure(let failure)): self.fail(failure.failure)
      case .failure: self.fail(Failure(code: "internal", message: "the router is shutting down"))
      }
    }
  }

  private func header(_ more: String) -> ByteBuffer {
    ByteBuffer(string: #"{"op":"put","part":"\#(part.hex)",\#(more)}"#)
  }

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
      let content = try read(fd, upTo: WireLimits.inlineFile + 1, path)
      guard !state.hasChanged(fd, path) else { throw .changed(path) }
      close(fd)
      return .success(.whole(content, digest: ContentSum(of: content).hex))
    } catch {
      close(fd)
      return .failure(error)
    }
  }

  private func fill() {
    guard !reading, !finished, let stream, let begun, stream.waitingBytes < Self.piece else { return }
    guard client?.isLive == true else { return finish() }
    client?.progress(begun.size - left - stream.waitingBytes)
    reading = true
    let (fd, path, wanted, soFar) = (descriptor, self.path, min(Self.piece, left), sum)
    desk.runIfActive(eventLoop: core.loop) { () -> Result<(ByteBuffer, ContentSum), SystemFailure> in
      do throws(SystemFailure) {
        let bytes = try FileSource.read(fd, upTo: wanted, path)
        let isLast = bytes.readableBytes == wanted && wanted < FileSource.piece
        if bytes.readableBytes < wanted || isLast && begun.hasChanged(fd, path) { throw .changed(path) }
        var sum = soFar
        sum.add(bytes)
        return .success((bytes, sum))
      } catch {
        return .failure(error)
      }
    }.assumeIsolated().whenComplete { outcome in
      self.reading = false
      switch outcome {
      case .success(.success((let bytes, let sum))):
        self.sum = sum
        self.left -= bytes.readableBytes
        if bytes.readableBytes > 0 { stream.data(bytes, priority: .file) }
        // A last piece is shorter than others: empty, if need be.
        if bytes.readableBytes < Self.piece { self.conclude() } else { self.fill() }
      case .success(.failure(let failure)): self.fail(failure.failure)
      case .failure: self.fail(Failure(code: "internal", message: "the router is shutting down"))
      }
    }
  }

  private func conclude() {
    stream?.data(ByteBuffer(bytes: sum.bytes), priority: .file)
    stream?.end(priority: .file)
    client?.progress(begun?.size ?? 0)
    finish()
  }

  private func finish() {
    finished = true
    stream?.sent = nil
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
    stream = nil
    client = nil
  }

  private func fail(_ failure: Failure) {
    if descriptor >= 0 {
      client?.giveUp(failure)
    } else {
      client?.refuse(failure)
      if let stream { core.cancel(stream) }
    }
    finish()
  }

  static func read(_ fd: Int32, upTo size: Int, _ path: String) throws(SystemFailure) -> ByteBuffer {
    var bytes = ByteBuffer()
    while bytes.readableBytes < size {
      var count = 0
      let wanted = size - bytes.readableBytes
      bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { space in
        repeat { count = Glibc.read(fd, space.baseAddress, wanted) } while count < 0 && errno == EINTR
        return max(count, 0)
      }
      if count < 0 { throw SystemFailure("read", path) }
      if count == 0 { break }
    }
    return bytes
  }
}
