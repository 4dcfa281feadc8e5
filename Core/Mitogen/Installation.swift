import Glibc

/// Where the parts of this installation are, found from the running executable.
public enum Installation {
  /// The folder of the `mitogen` executable; its plugins lie beside it.
  public static let binaries: String = {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &path, path.count - 1)
    guard count > 0 else { return "." }
    let whole = String(decoding: path[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    return whole.lastIndex(of: "/").map { String(whole[..<$0]) } ?? "."
  }()

  /// The folder `Integration/Ansible` of this installation: beside the build in a checkout, else below `share`.
  public static var ansible: String? {
    var folder = binaries
    for _ in 0..<5 {
      for candidate in ["\(folder)/Integration/Ansible", "\(folder)/share/mitogen/Integration/Ansible"]
      where access(candidate, R_OK) == 0 {
        return candidate
      }
      guard let slash = folder.lastIndex(of: "/"), slash != folder.startIndex else { return nil }
      folder = String(folder[..<slash])
    }
    return nil
  }
}
