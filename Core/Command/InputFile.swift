import ArgumentParser
import Glibc

/// A file that the user names.
enum InputFile {
  /// More than this is not what was meant.
  static let limit = 64 << 20

  static func read(_ path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw ValidationError("\(path) cannot be read: \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    while bytes.count < limit {
      let chunk = [UInt8](unsafeUninitializedCapacity: 65536) { space, count in
        repeat { count = Glibc.read(descriptor, space.baseAddress, space.count) } while count < 0 && errno == EINTR
        if count < 0 { count = 0 }
      }
      if chunk.isEmpty { return bytes }
      bytes += chunk
    }
    throw ValidationError("\(path) is larger than \(limit) bytes")
  }
}
