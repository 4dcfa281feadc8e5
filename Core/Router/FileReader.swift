import Files
import Glibc
import NIOCore
import NIOPosix
import Wire

/// A file of the controller, in pieces, for who asks for them one by one.
final class FileReader {
  private let path: String
  private let desk: NIOThreadPool
  private let loop: any EventLoop
  private var descriptor: Int32 = -1

  init(path: String, desk: NIOThreadPool, loop: any EventLoop) {
    self.path = path
    self.desk = desk
    self.loop = loop
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// - Parameter call: gets the next piece; `nil` at the end.
  func next(_ call: @escaping (Result<ByteBuffer?, Failure>) -> Void) {
    let (path, known) = (self.path, descriptor)
    desk.runIfActive(eventLoop: loop) { () -> Result<(Int32, ByteBuffer), SystemFailure> in
      let fd = known >= 0 ? known : open(path, O_RDONLY | O_CLOEXEC)
      guard fd >= 0 else { return .failure(SystemFailure("open", path)) }
      do throws(SystemFailure) {
        return .success((fd, try FilePiece.read(fd, upTo: FileReader.piece, path)))
      } catch {
        if known < 0 { close(fd) }
        return .failure(error)
      }
    }.assumeIsolated().whenComplete { outcome in
      switch outcome {
      case .success(.success((let fd, let bytes))):
        self.descriptor = fd
        call(.success(bytes.readableBytes > 0 ? bytes : nil))
      case .success(.failure(let failure)): call(.failure(failure.failure))
      case .failure: call(.failure(Failure(code: "internal", message: "the router is shutting down")))
      }
    }
  }

  private static let piece = 1_048_576
}
