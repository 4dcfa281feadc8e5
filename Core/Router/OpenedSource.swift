import Files
import Glibc
import NIOCore
import NIOPosix
import Wire

/// A file of the controller that is to be sent: a small one was read, another is to be read in pieces. Nothing but a regular
/// file is sent. Bound to the event loop.
enum OpenedSource {
  /// Small enough for one request, or without a size, such as a file of /proc.
  case whole(ByteBuffer, digest: String)
  case reader(SourceReader)

  private enum Opened {
    case whole(ByteBuffer, digest: String)
    case descriptor(Int32, SourceState)
  }

  /// Opens it on the desk.
  static func open(
    _ path: String, desk: NIOThreadPool, loop: any EventLoop, then: @escaping (Result<OpenedSource, Failure>) -> Void
  ) {
    desk.runIfActive(eventLoop: loop) { opened(path) }.assumeIsolated().whenComplete { outcome in
      switch outcome {
      case .success(.success(.whole(let content, let digest))): then(.success(.whole(content, digest: digest)))
      case .success(.success(.descriptor(let descriptor, let state))):
        then(.success(.reader(SourceReader(descriptor, path: path, state: state, desk: desk, loop: loop))))
      case .success(.failure(let failure)): then(.failure(failure.failure))
      case .failure: then(.failure(Failure(code: "internal", message: "the router is shutting down")))
      }
    }
  }

  func close() {
    if case .reader(let reader) = self { reader.close() }
  }

  private static func opened(_ path: String) -> Result<Opened, SystemFailure> {
    let fd = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { return .failure(SystemFailure("open", path)) }
    do throws(SystemFailure) {
      let state = try SourceState(of: fd, path)
      guard state.isRegular else {
        throw SystemFailure(Failure(code: "file", message: "\(path) on the controller is no file"))
      }
      guard state.size <= WireLimits.inlineFile else { return .success(.descriptor(fd, state)) }
      let content = try FilePiece.read(fd, upTo: WireLimits.inlineFile + 1, path)
      guard !state.hasChanged(fd, path) else { throw .changed(path) }
      Glibc.close(fd)
      return .success(.whole(content, digest: ContentSum(of: content).hex))
    } catch {
      Glibc.close(fd)
      return .failure(error)
    }
  }
}
