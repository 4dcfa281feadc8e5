import Glibc
import NIOCore

/// A file of the controller in the making: hidden beside its place, locked as long as somebody writes it, and renamed
/// when it is whole, so that a reader sees the old file or the new one.
///
/// Calls block. A value of one owner: a copy writes to the same file. `settle`, `discard` or `leave` ends it.
package struct HiddenFile: Sendable {
  /// How the names of hidden files end, on targets too; before it stand twelve hexadecimal digits.
  static let suffix = ".mitogen"
  /// And those of what came of a file whose transfer was cut off, which the next try goes on with.
  static let partialSuffix = ".mitogen-part"
  /// A link cannot be locked: one in the making has the name of a hidden file, whose lock it shares, and this behind it.
  static let linkSuffix = "-link"
  /// Bytes from which on a file is worth to go on with: a smaller one is sent again in the time of a few round trips.
  package static let worthKeeping = 4_194_304

  private let path: String
  private let folder: String
  private let hidden: String
  private let descriptor: Int32
  private var sum = ContentSum()
  package private(set) var size = 0
  /// Bytes that are there of an earlier try; anything until they are compared.
  package let have: Int
  private let canStay: Bool

  /// - Parameter key: of twelve hexadecimal digits, names the source. What an earlier try left of the same is gone on with.
  package init(for path: String, key: String? = nil) throws(SystemFailure) {
    self.path = path
    folder = Self.folder(of: path)
    LeftOvers.remove(from: folder)
    if let key, let partial = Self.goOn(path, key) {
      hidden = partial.hidden
      descriptor = partial.descriptor
      have = partial.size
      canStay = true
      return
    }
    have = 0
    canStay = false
    while true {
      let hidden = Self.name(for: path)
      let descriptor = open(hidden, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else { throw SystemFailure("create", hidden) }
      var info = stat()
      // Between the two calls another run may have taken it for a dead one's.
      if FileLock.take(descriptor) != .held, fstat(descriptor, &info) == 0, info.st_nlink > 0 {
        self.hidden = hidden
        self.descriptor = descriptor
        return
      }
      close(descriptor)
    }
  }

  /// A name beside a file's, that nothing has.
  static func name(for path: String) -> String {
    let digits = String(UInt64.random(in: 0..<(1 << 48)) | 1 << 48, radix: 16).dropFirst()
    return "\(stem(for: path))\(digits)\(suffix)"
  }

  private static func stem(for path: String) -> String {
    let name = path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
    return "\(folder(of: path)).\(cut(name))."
  }

  /// Opens what is there under the name that another try finds; `nil` where somebody else writes it, or it is not ours.
  private static func goOn(_ path: String, _ key: String) -> (hidden: String, descriptor: Int32, size: Int)? {
    let hidden = stem(for: path) + key + partialSuffix
    let descriptor = open(hidden, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return nil }
    var info = stat()
    guard FileLock.take(descriptor) == .taken, fstat(descriptor, &info) == 0, LeftOvers.isOurs(info),
      LeftOvers.isNamed(info, hidden)
    else {
      close(descriptor)
      return nil
    }
    return (hidden, descriptor, Int(info.st_size))
  }

  /// Reads on in what an earlier try left, up to `have`: then `digest` is that of all of it.
  package mutating func readPrefix(_ most: Int) throws(SystemFailure) {
    let wanted = min(most, have - size)
    let piece = try FilePiece.read(descriptor, upTo: wanted, hidden)
    guard piece.readableBytes == wanted else { throw .changed(hidden) }
    sum.add(piece)
    size += wanted
  }

  /// What is written next stands there: behind what was read of an earlier try, or at the beginning.
  package mutating func begin(at offset: Int) throws(SystemFailure) {
    if offset == 0 { (sum, size) = (ContentSum(), 0) }
    guard offset == size, ftruncate(descriptor, off_t(offset)) == 0, lseek(descriptor, off_t(offset), SEEK_SET) >= 0 else {
      throw SystemFailure("write", path)
    }
  }

  /// For the next try, if it is worth it.
  package func leave() {
    if canStay, size >= Self.worthKeeping { close(descriptor) } else { discard() }
  }

  private static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[...$0]) } ?? "./"
  }

  /// At most 64 bytes, whole characters: with what stands around it, it must fit into a name.
  private static func cut(_ name: Substring) -> Substring {
    var name = name
    while name.utf8.count > 64 { name.removeLast() }
    return name
  }

  package mutating func write(_ bytes: ByteBuffer) throws(SystemFailure) {
    sum.add(bytes)
    size += bytes.readableBytes
    var rest = bytes
    while rest.readableBytes > 0 {
      let count = rest.withUnsafeReadableBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw SystemFailure("write", path) }
      rest.moveReaderIndex(forwardBy: count)
    }
  }

  /// SHA-256 of what was written, in 64 lower-case digits.
  package var digest: String { sum.hex }

  /// - Parameters:
  ///   - mode: of the file in any case; `nil`: as that of the file in its place, else `newMode` less the umask.
  ///   - modified: in nanoseconds since 1970; `nil`: now.
  package func settle(mode: UInt32? = nil, newMode: UInt32 = 0o666, modified: Int? = nil) throws(SystemFailure) {
    var old = stat()
    let isThere = stat(path, &old) == 0
    if isThere, (old.st_uid, old.st_gid) != (geteuid(), getegid()) {
      // Who may not give files away keeps it.
      _ = fchown(descriptor, old.st_uid, old.st_gid)
    }
    let mode = mode ?? (isThere ? old.st_mode & 0o7777 : newMode & ~FileMask.current)
    guard fchmod(descriptor, mode) == 0 else { throw SystemFailure("set the mode of", path) }
    if let modified {
      let time = timespec(tv_sec: modified / 1_000_000_000, tv_nsec: modified % 1_000_000_000)
      guard futimens(descriptor, [time, time]) == 0 else { throw SystemFailure("set the time of", path) }
    }
    guard fsync(descriptor) == 0, rename(hidden, path) == 0 else { throw SystemFailure("write", path) }
    close(descriptor)
    // So that the new name outlives a power cut, where the file system can.
    let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if directory >= 0 {
      fsync(directory)
      close(directory)
    }
  }

  package func discard() {
    unlink(hidden)
    close(descriptor)
  }

  /// Makes a link in place of what is there, which is no directory.
  package static func link(to target: String, at path: String) throws(SystemFailure) {
    if symlink(target, path) == 0 { return }
    guard errno == EEXIST else { throw SystemFailure("create", path) }
    let holder = try HiddenFile(for: path)
    defer { holder.discard() }
    let hidden = holder.hidden + linkSuffix
    guard symlink(target, hidden) == 0 else { throw SystemFailure("create", path) }
    guard rename(hidden, path) == 0 else {
      let failure = SystemFailure("create", path)
      unlink(hidden)
      throw failure
    }
  }
}

/// The process's umask, which can only be read by setting it: once, before another thread makes files.
package enum FileMask {
  package static let current: UInt32 = {
    let mask = umask(0o22)
    umask(mask)
    return mask
  }()
}
