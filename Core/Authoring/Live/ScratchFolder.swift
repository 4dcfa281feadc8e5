#if canImport(Glibc)
  import Glibc
#endif

/// A folder of our own below TMPDIR, for the length of a run.
struct ScratchFolder {
  let path: String

  init() throws(LivePlay.Unrunnable) {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(parent)/mitogen-live-XXXXXX".utf8CString)
    guard let made = template.withUnsafeMutableBufferPointer({ mkdtemp($0.baseAddress!) }) else {  // at least its NUL
      throw .init(description: "\(parent): no folder can be made in it: \(String(cString: strerror(errno)))")
    }
    path = String(cString: made)
  }

  static func write(_ bytes: [UInt8], to path: String) throws(LivePlay.Unrunnable) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    var rest = bytes[...]
    while descriptor >= 0, !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count <= 0 { break }
      rest = rest.dropFirst(count)
    }
    let reason = String(cString: strerror(errno))
    if descriptor >= 0 { close(descriptor) }
    guard descriptor >= 0, rest.isEmpty else { throw .init(description: "\(path) cannot be written: \(reason)") }
  }

  /// With all that the run put into it: what is fetched, and Python's compiled files.
  func remove() { Self.remove(path) }

  /// `Glibc.remove` takes files, links and empty folders; what is left is a folder with something in it.
  private static func remove(_ path: String) {
    if Glibc.remove(path) == 0 { return }
    guard let folder = opendir(path) else { return }
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { remove("\(path)/\(name)") }
    }
    closedir(folder)
    _ = Glibc.remove(path)
  }
}
