import Glibc

/// The calls to the file system that Modules makes; EINTR is retried where the kernel may report it.
enum FileSystem {
  /// What changes when a file is written or replaced.
  struct Stamp: Equatable {
    var device: UInt64
    var inode: UInt64
    var size: Int64
    var seconds: Int64
    var nanoseconds: Int64
  }

  /// Nil for what is not a regular file, symbolic links followed.
  static func stamp(_ path: String) -> Stamp? {
    var info = stat()
    guard stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { return nil }
    return Stamp(
      device: UInt64(info.st_dev), inode: UInt64(info.st_ino), size: Int64(info.st_size),
      seconds: Int64(info.st_mtim.tv_sec), nanoseconds: Int64(info.st_mtim.tv_nsec))
  }

  struct Failure: Error {
    var reason: String
  }

  /// A module or one of its resources; what is larger than any message is refused before it is read.
  static let sizeLimit = 67_108_864

  static func read(_ path: String) throws(Failure) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure(reason: String(cString: strerror(errno))) }
    defer { close(descriptor) }
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw Failure(reason: String(cString: strerror(errno))) }
    guard info.st_mode & S_IFMT == S_IFREG else { throw Failure(reason: "not a regular file") }
    guard info.st_size <= sizeLimit else { throw Failure(reason: "larger than \(sizeLimit) bytes") }
    var failure: Int32 = 0
    // One byte more than there should be, so that one more read says that the file ended.
    let bytes = [UInt8](unsafeUninitializedCapacity: Int(info.st_size) + 1) { buffer, count in
      while count < buffer.count {
        let got = Glibc.read(descriptor, buffer.baseAddress! + count, buffer.count - count)  // not empty: capacity >= 1
        if got < 0, errno == EINTR { continue }
        if got < 0 { failure = errno }
        if got <= 0 { return }
        count += got
      }
    }
    guard failure == 0 else { throw Failure(reason: String(cString: strerror(failure))) }
    guard bytes.count <= info.st_size else { throw Failure(reason: "changed while it was read") }
    return bytes
  }

  /// The names in a directory, by what they are, symbolic links followed.
  struct Listing {
    var directories: Set<String> = []
    var files: Set<String> = []

    var isEmpty: Bool { directories.isEmpty && files.isEmpty }
  }

  /// Empty if there is no such directory.
  static func list(_ path: String) -> Listing {
    var listing = Listing()
    guard let directory = opendir(path) else { return listing }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasPrefix(".") { continue }
      switch Int(entry.pointee.d_type) {
      case Int(DT_DIR): listing.directories.insert(name)
      case Int(DT_REG): listing.files.insert(name)
      case Int(DT_LNK), Int(DT_UNKNOWN):
        var info = stat()
        guard stat(path + "/" + name, &info) == 0 else { continue }
        if info.st_mode & S_IFMT == S_IFDIR { listing.directories.insert(name) }
        if info.st_mode & S_IFMT == S_IFREG { listing.files.insert(name) }
      default: break
      }
    }
    return listing
  }
}
