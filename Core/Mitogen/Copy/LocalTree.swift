import Files
import Glibc

/// What is in a place of this machine.
enum LocalTree {
  /// A place and, if it is to be `recursive`, what is below it; a directory before what it holds. The place itself is
  /// followed, if it is a link; links below it are not.
  static func entries(of path: String, root: Int, recursive: Bool) -> [TreeEntry] {
    var found: [TreeEntry] = []
    var pending = [""]
    while let below = pending.popLast() {
      let whole = CopyPlan.joined(path, below)
      let entry = look(at: whole, root: root, below: below)
      found.append(entry)
      guard entry.kind == .directory, recursive else { continue }
      guard let names = names(in: whole) else {
        found[found.count - 1] = failed(root, below)
        continue
      }
      for name in names.sorted(by: { $0 ?? "" > $1 ?? "" }) {
        if let name {
          pending.append(below.isEmpty ? name : "\(below)/\(name)")
        } else {
          found.append(
            TreeEntry(root: root, path: below, kind: .error, detail: "a name in this directory is not UTF-8; left out"))
        }
      }
    }
    return found
  }

  static func kind(of path: String) -> TreeEntry.Kind { look(at: path, root: 0, below: "").kind }

  private static func look(at whole: String, root: Int, below: String) -> TreeEntry {
    var info = stat()
    guard (below.isEmpty ? stat(whole, &info) : lstat(whole, &info)) == 0 else { return failed(root, below) }
    let state = SourceState(info)
    var entry = TreeEntry(
      root: root, path: below, kind: .other, size: state.size, mode: String(state.mode, radix: 8),
      modified: state.modified)
    switch info.st_mode & S_IFMT {
    case S_IFREG: entry.kind = .file
    case S_IFDIR: entry.kind = .directory
    case S_IFLNK:
      var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
      let count = target.withUnsafeMutableBytes { room in
        readlink(whole, room.baseAddress!.assumingMemoryBound(to: CChar.self), room.count)  // not empty
      }
      guard count >= 0, let text = String(validating: target.prefix(count), as: UTF8.self) else { return failed(root, below) }
      (entry.kind, entry.detail) = (.link, text)
    default: break
    }
    return entry
  }

  private static func failed(_ root: Int, _ below: String) -> TreeEntry {
    let kind: TreeEntry.Kind = errno == ENOENT || errno == ENOTDIR ? .missing : .error
    return TreeEntry(root: root, path: below, kind: kind, detail: String(cString: strerror(errno)))
  }

  /// `nil` for a name that is not UTF-8.
  private static func names(in folder: String) -> [String?]? {
    guard let entries = opendir(folder) else { return nil }
    defer { closedir(entries) }
    var names: [String?] = []
    while let entry = readdir(entries) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }
}
