import Glibc
import NIOCore

/// A file of the controller that is read at once.
package struct SmallFile: Sendable {
  package let content: ByteBuffer
  package let state: SourceState
  /// SHA-256 of the content, in 64 lower-case digits.
  package let digest: String

  /// - Parameter limit: bytes; a file that has become larger than its size was counts as changed.
  package init(_ path: String, limit: Int) throws(SystemFailure) {
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemFailure("open", path) }
    defer { close(descriptor) }
    state = try SourceState(of: descriptor, path)
    // One more than there should be: so the end is seen.
    var content = [UInt8](repeating: 0, count: min(state.size, limit) + 1)
    var filled = 0
    while filled < content.count {
      let count = content.withUnsafeMutableBytes { room in
        Glibc.read(descriptor, room.baseAddress! + filled, room.count - filled)  // never empty
      }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw SystemFailure("read", path) }
      if count == 0 { break }
      filled += count
    }
    guard filled < content.count, !state.hasChanged(descriptor, path) else { throw .changed(path) }
    content.removeLast(content.count - filled)
    self.content = ByteBuffer(bytes: content)
    digest = ContentSum(of: self.content).hex
  }
}
