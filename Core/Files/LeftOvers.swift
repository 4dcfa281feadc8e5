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
      if isHidden(name) { removeIfDead(folder + name) }
    }
  }

  static func isHidden(_ name: String) -> Bool {
    guard name.hasPrefix("."), name.hasSuffix(HiddenFile.suffix) else { return false }
    return name.dropLast(HiddenFile.suffix.count).split(separator: ".").last?.utf8.count == 12
  }

  private static func removeIfDead(_ path: String) {
    let descriptor = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var info = stat()
    guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG, info.st_uid == geteuid() else { return }
    if FileLock.take(descriptor) == .taken { unlink(path) }
  }
}
