import Glibc

/// What a file was when its reading began. What is read of a file that somebody writes meanwhile is neither its old
/// content nor its new one, so whoever reads compares at the end.
package struct SourceState: Equatable, Sendable {
  private let device: UInt
  private let inode: UInt
  package let size: Int
  /// Of the last change of content, in nanoseconds since 1970.
  package let modified: Int
  /// Permissions, with the bits that make it run as its owner.
  package let mode: UInt32
  package let isRegular: Bool
  /// Whether it has holes, or may have: fewer blocks than bytes.
  package let isSparse: Bool

  /// In words, for a name.
  package var identity: String { "\(device) \(inode) \(size) \(modified)" }

  package init(_ info: stat) {
    device = UInt(info.st_dev)
    inode = UInt(info.st_ino)
    size = Int(info.st_size)
    modified = Int(info.st_mtim.tv_sec) * 1_000_000_000 + Int(info.st_mtim.tv_nsec)
    mode = info.st_mode & 0o7777
    isRegular = info.st_mode & S_IFMT == S_IFREG
    isSparse = Int(info.st_blocks) * 512 < Int(info.st_size)
  }

  package init(of descriptor: Int32, _ path: String) throws(SystemFailure) {
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw SystemFailure("read", path) }
    self.init(info)
  }

  /// Whether the file, or the one that now has its name, is another than when this was taken.
  ///
  /// What has no size, such as a file of /proc, is made when it is read.
  package func hasChanged(_ descriptor: Int32, _ path: String) -> Bool {
    guard isRegular, size > 0 else { return false }
    var (open, named) = (stat(), stat())
    guard fstat(descriptor, &open) == 0, stat(path, &named) == 0 else { return true }
    return !isSame(SourceState(open)) || !isSame(SourceState(named))
  }

  private func isSame(_ other: SourceState) -> Bool {
    device == other.device && inode == other.inode && size == other.size && modified == other.modified
  }
}
