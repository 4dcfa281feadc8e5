#if canImport(Glibc)
  import Glibc
#endif

/// Who could have put something else in a file's place: nobody but root, this account and the owner of mitogen's own
/// executable may. The last could change the executable as well, and owns the libraries of a shared installation.
///
/// What a library holds runs with the rights of the playbook's user and sees the plans of all hosts.
enum Trust {
  private static let remedy = "make it yours or root's, and chmod go-w"

  private static let executableOwner: uid_t = {
    var status = stat()
    return stat("/proc/self/exe", &status) == 0 ? status.st_uid : 0
  }()

  static func check(_ path: String, _ status: stat, what: String) throws(RegistryError) {
    guard [0, geteuid(), executableOwner].contains(status.st_uid) else {
      throw RegistryError(
        file: path, item: "owner of the \(what)", expected: "root or user \(geteuid())",
        found: "user \(status.st_uid)", remedy: remedy)
    }
    guard status.st_mode & S_IWOTH == 0 else { throw writable(path, status, what, "everybody") }
    guard status.st_mode & S_IWGRP == 0 || isPrivate(group: status.st_gid) else {
      throw writable(path, status, what, "group \(status.st_gid)")
    }
  }

  /// A folder, and what leads to it: who may rename a folder above may put another in its place. In a folder with
  /// the sticky bit, such as /tmp, only the owner may.
  static func checkFolder(_ path: String, ancestors: Bool) throws(RegistryError) {
    guard let real = realpath(path, nil) else {
      throw RegistryError(
        file: path, item: "folder", expected: "a folder that can be read", found: "\(SystemError(errno))",
        remedy: "create it, or take it out of the search path")
    }
    defer { free(real) }
    var current = String(cString: real)
    var first = true
    while first || (ancestors && current != "/") {
      var status = stat()
      guard stat(current, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
        throw RegistryError(
          file: current, item: "folder", expected: "a folder", found: "something else",
          remedy: "take it out of the search path")
      }
      if first || status.st_mode & S_ISVTX == 0 { try check(current, status, what: "folder") }
      first = false
      current = FileSystem.folder(of: current)
    }
  }

  private static func writable(_ path: String, _ status: stat, _ what: String, _ who: String) -> RegistryError {
    RegistryError(
      file: path, item: "permissions of the \(what)", expected: "not writable by others",
      found: "mode \(String(status.st_mode & 0o7777, radix: 8)), writable by \(who)", remedy: remedy)
  }

  /// A group of one: root's, or the one that many systems give every user under the user's own name. With such
  /// systems comes umask 002, so refusing these would refuse everything.
  private static func isPrivate(group number: gid_t) -> Bool {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 2 * 16384) { buffer in
      let half = buffer.count / 2
      guard let space = buffer.baseAddress else { return false }
      var group = Glibc.group()
      var user = passwd()
      var foundGroup: UnsafeMutablePointer<Glibc.group>?
      var foundUser: UnsafeMutablePointer<passwd>?
      getgrgid_r(number, &group, space, half, &foundGroup)
      getpwuid_r(geteuid(), &user, space + half, half, &foundUser)
      guard foundGroup != nil, foundUser != nil else { return false }
      let groupName = String(cString: group.gr_name)
      let userName = String(cString: user.pw_name)
      guard number == 0 || groupName == userName else { return false }
      var member = group.gr_mem
      while let name = member?.pointee.map({ String(cString: $0) }) {
        if name != userName, name != "root" { return false }
        member = member?.advanced(by: 1)
      }
      return true
    }
  }
}
