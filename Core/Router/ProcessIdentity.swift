import Glibc

/// What the router says of its own process.
enum ProcessIdentity {
  static var pid: Int32 { getpid() }

  /// Bytes of memory in use, from /proc/self/statm; 0 where that cannot be read.
  static var residentBytes: Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
    let words = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self).split(separator: " ")
    return words.count > 1 ? (Int(words[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
  }
}

/// The release, as HELLO and `--version` say it.
public enum MitogenVersion {
  public static let current = "0.1.0"
}
