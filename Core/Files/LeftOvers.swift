import Glibc
import Synchronization

/// Who writes a file holds it: what nobody holds was left by a run that is dead.
enum FileLock {
  case taken
  case held
  /// This file system has no locks.
  case unsupported

  static func take(_ descriptor: Int32) -> FileLock {
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return .taken }
    return errno == EWOULDBLOCK || errno == EACCES ? .held : .unsupported
  }
}

/// Hidden files of runs that are dead.
enum LeftOvers {
  /// Folders in which this process has looked; forgotten when there are too many to remember.
  private static let seen = Mutex(Set<String>())
  private static let mostSeen = 4096
  /// Seconds for which what came of a file is kept, to go on with.
  private static let patience = 86_400

  /// Removes those of this account from a folder, once in the life of this process.
  static func remove(from folder: String) {
    let isNew = seen.withLock { seen in
      if seen.count >= mostSeen { seen.removeAll() }
      return seen.insert(folder).inserted
    }
    guard isNew, let entries = opendir(folder) else { return }
    defer { closedir(entries) }
    while let entry = readdir(entries) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(HiddenFile.suffix + HiddenFile.linkSuffix),
        HiddenName(String(name.dropLast(HiddenFile.linkSuffix.count))) != nil
      {
        removeIfDead(link: folder + name)
      }
      if let hidden = HiddenName(name) { removeIfDead(folder, name, hidden) }
    }
  }

  static func isOurs(_ info: stat) -> Bool {
    info.st_mode & S_IFMT == S_IFREG && info.st_uid == geteuid() && info.st_nlink == 1
  }

  /// Whether a file that was opened and then locked has that name still: who had it locked may have put it in its place.
  static func isNamed(_ info: stat, _ path: String) -> Bool {
    var named = stat()
    return lstat(path, &named) == 0 && (named.st_dev, named.st_ino) == (info.st_dev, info.st_ino)
  }

  /// Unless the hidden file is there that goes with it, and somebody has that locked.
  private static func removeIfDead(link: String) {
    let descriptor = open(String(link.dropLast(HiddenFile.linkSuffix.count)), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    if descriptor < 0, errno != ENOENT { return }
    defer { if descriptor >= 0 { close(descriptor) } }
    var info = stat()
    guard descriptor < 0 || FileLock.take(descriptor) == .taken, lstat(link, &info) == 0, info.st_uid == geteuid() else { return }
    unlink(link)
  }

  private static func removeIfDead(_ folder: String, _ name: String, _ hidden: HiddenName) {
    let path = folder + name
    let descriptor = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var info = stat()
    guard fstat(descriptor, &info) == 0, isOurs(info), FileLock.take(descriptor) == .taken, isNamed(info, path) else { return }
    if !hidden.isPartial || isOver(info, place: folder + hidden.name) { unlink(path) }
  }

  /// Whether nobody goes on with it: it is little or old, or its place got another file since.
  private static func isOver(_ info: stat, place: String) -> Bool {
    var now = stat()
    if Int(info.st_size) < HiddenFile.worthKeeping || time(nil) - info.st_mtim.tv_sec > patience { return true }
    guard stat(place, &now) == 0 else { return false }
    return (now.st_ctim.tv_sec, now.st_ctim.tv_nsec) > (info.st_mtim.tv_sec, info.st_mtim.tv_nsec)
  }
}

/// What the name of a hidden file says.
struct HiddenName {
  /// Of the file in the making; a long one is cut.
  let name: String
  let isPartial: Bool

  /// `nil`: the name of another file.
  init?(_ hidden: String) {
    isPartial = hidden.hasSuffix(HiddenFile.partialSuffix)
    let suffix = isPartial ? HiddenFile.partialSuffix : HiddenFile.suffix
    guard hidden.hasPrefix("."), hidden.hasSuffix(suffix) else { return nil }
    let stem = hidden.dropFirst().dropLast(suffix.count)
    guard let dot = stem.lastIndex(of: "."), stem[stem.index(after: dot)...].utf8.count == 12 else { return nil }
    name = String(stem[..<dot])
  }
}
