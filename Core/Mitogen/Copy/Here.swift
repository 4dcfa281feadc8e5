import Glibc

/// Names of files of this machine.
enum Here {
  /// The router may have another working directory.
  static func absolute(_ path: String) -> String {
    if path.hasPrefix("/") { return path }
    guard let folder = getcwd(nil, 0) else { return path }
    defer { free(folder) }
    return CopyPlan.joined(String(cString: folder), path)
  }
}
