import Files
import Glibc
import NIOCore
import NIOPosix
import Wire

/// A file of the controller that is read once from its beginning to its end, and its SHA-256 on the way. With the last piece
/// it is known whether the file has changed meanwhile.
///
/// Bound to the event loop; the file itself is read on the desk, one piece at a time. Not to be used behind `close`.
final class SourceReader {
  let path: String
  let state: SourceState
  private let desk: NIOThreadPool
  private let loop: any EventLoop
  private let descriptor: Int32
  private var sum = ContentSum()
  /// Bytes that were read.
  private(set) var offset = 0
  private(set) var isReading = false
  private var isClosed = false

  /// - Parameter descriptor: open for reading; this closes it.
  init(_ descriptor: Int32, path: String, state: SourceState, desk: NIOThreadPool, loop: any EventLoop) {
    self.descriptor = descriptor
    self.path = path
    self.state = state
    self.desk = desk
    self.loop = loop
  }

  /// The same for the same file as long as nobody writes it: twelve hexadecimal digits.
  var key: String { String(ContentSum(of: ByteBuffer(string: "\(path)\0\(state.identity)")).hex.prefix(12)) }

  var isAtEnd: Bool { offset == state.size }
  /// Of what was read.
  var digest: ContentSum { sum }

  /// - Parameters:
  ///   - most: bytes; fewer come only at the end.
  ///   - then: is not called when the reader was closed meanwhile.
  func read(_ most: Int, then: @escaping (Result<ByteBuffer, Failure>) -> Void) {
    isReading = true
    let (descriptor, path, state, soFar) = (self.descriptor, self.path, self.state, sum)
    let wanted = min(most, state.size - offset)
    let isLast = offset + wanted == state.size
    desk.runIfActive(eventLoop: loop) { () -> Result<(ByteBuffer, ContentSum), SystemFailure> in
      do throws(SystemFailure) {
        let bytes = try FilePiece.read(descriptor, upTo: wanted, path)
        if bytes.readableBytes < wanted || isLast && state.hasChanged(descriptor, path) { throw .changed(path) }
        var sum = soFar
        sum.add(bytes)
        return .success((bytes, sum))
      } catch {
        return .failure(error)
      }
    }.assumeIsolated().whenComplete { outcome in
      self.isReading = false
      if self.isClosed {
        Glibc.close(descriptor)
        return
      }
      switch outcome {
      case .success(.success((let bytes, let sum))):
        self.sum = sum
        self.offset += bytes.readableBytes
        then(.success(bytes))
      case .success(.failure(let failure)): then(.failure(failure.failure))
      case .failure: then(.failure(Failure(code: "internal", message: "the router is shutting down")))
      }
    }
  }

  func rewind() {
    lseek(descriptor, 0, SEEK_SET)
    (sum, offset) = (ContentSum(), 0)
  }

  deinit { close() }

  func close() {
    guard !isClosed else { return }
    isClosed = true
    if !isReading { Glibc.close(descriptor) }
  }
}
