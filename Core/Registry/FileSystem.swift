#if canImport(Glibc)
  import Glibc
#endif

/// The registry's few calls on files, with EINTR retried.
enum FileSystem {
  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  static func name(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
  }

  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  static func linkTarget(_ path: String) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX) + 1) { buffer in
      let length = readlink(path, buffer.baseAddress!, buffer.count - 1)  // a temporary allocation has an address
      guard length > 0 else { return nil }
      return String(decoding: UnsafeRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[..<length])), as: UTF8.self)
    }
  }

  /// Names in a folder, sorted, without `.` and `..`.
  static func names(in path: String) throws(SystemError) -> [String] {
    guard let folder = opendir(path) else { throw SystemError(errno) }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Up to `limit` bytes from `offset`; fewer at the end of the file.
  static func read(_ descriptor: Int32, at offset: Int, limit: Int) throws(SystemError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: limit)
    var filled = 0
    while filled < limit {
      let count = bytes.withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress.map { $0 + filled }, limit - filled, offset + filled)
      }
      if count == 0 { break }
      if count < 0 {
        if errno == EINTR { continue }
        throw SystemError(errno)
      }
      filled += count
    }
    bytes.removeSubrange(filled...)
    return bytes
  }

  static func open(_ path: String) throws(SystemError) -> Int32 {
    while true {
      // O_NONBLOCK: a FIFO in a plugin folder must not stop us; it means nothing to a regular file.
      let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      if descriptor >= 0 { return descriptor }
      if errno != EINTR { throw SystemError(errno) }
    }
  }
}

struct SystemError: Error, CustomStringConvertible {
  var number: Int32
  init(_ number: Int32) { self.number = number }
  var description: String { String(cString: strerror(number)) }
}
