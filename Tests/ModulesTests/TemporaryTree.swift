import Glibc

/// A directory of small files, removed when the test lets go of it.
final class TemporaryTree {
  let path: String

  init(_ files: [String: String] = [:]) {
    var template = Array("/tmp/mitogen-modules-XXXXXX".utf8CString)
    // A test that has no temporary directory cannot say anything.
    path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    for (name, text) in files { write(name, text) }
  }

  deinit {
    remove(path)
  }

  func write(_ name: String, _ text: String) {
    let parts = name.split(separator: "/").map(String.init)
    var directory = path
    for part in parts.dropLast() {
      directory += "/" + part
      mkdir(directory, 0o700)
    }
    let descriptor = open(path + "/" + name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    precondition(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
  }

  private func remove(_ path: String) {
    if let directory = opendir(path) {
      while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != ".", name != ".." { remove(path + "/" + name) }
      }
      closedir(directory)
      rmdir(path)
    } else {
      unlink(path)
    }
  }
}
