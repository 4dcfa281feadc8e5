import Glibc

/// Folders of the tests, below one that the tests' end removes.
enum TemporaryFolder {
  private static let root: String = {
    var template = Array("/tmp/mitogen-registry-XXXXXX".utf8CString)
    let path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    atexit { TemporaryFolder.removeAll() }
    return path
  }()

  private nonisolated(unsafe) static var count: Int32 = 0  // under `lock`
  private static let lock = Lock()

  static func make() -> String {
    lock.hold {
      count += 1
      let path = "\(root)/\(count)"
      mkdir(path, 0o700)
      return path
    }
  }

  private static func removeAll() { removeAll(root) }

  /// `remove` takes files, links and empty folders; what is left is a folder with something in it.
  private static func removeAll(_ path: String) {
    if remove(path) == 0 { return }
    guard let folder = opendir(path) else { return }
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { removeAll(path + "/" + name) }
    }
    closedir(folder)
    remove(path)
  }

  static func write(_ bytes: [UInt8], _ path: String) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    precondition(descriptor >= 0 && Glibc.write(descriptor, bytes, bytes.count) == bytes.count, "cannot write \(path)")
    close(descriptor)
  }
}

final class Lock: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  init() { pthread_mutex_init(mutex, nil) }
  func hold<Value>(_ body: () throws -> Value) rethrows -> Value {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body()
  }
}

extension TemporaryFolder {
  static func read(_ path: String) throws -> String {
    let descriptor = open(path, O_RDONLY)
    precondition(descriptor >= 0, "cannot read \(path)")
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = Glibc.read(descriptor, &bytes, bytes.count)
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
  }
}
