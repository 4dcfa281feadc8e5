#if canImport(Glibc)
  import Glibc
#endif

/// What runners ask of a module's source. Searches in bytes, as ansible-core's own rules
/// (executor/module_common.py) are: a word in a comment counts.
public struct ModuleText {
  private let bytes: UnsafeRawBufferPointer

  public init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
  }

  public func contains(_ text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard let base = bytes.baseAddress, bytes.count >= count else { return false }
    var at = 0
    // memchr leaps to what may be a beginning: sources are tens of kilobytes, and each is looked at by several runners.
    while at <= bytes.count - count,
      let found = memchr(base + at, Int32(text.utf8Start[0]), bytes.count - count - at + 1)
    {
      if memcmp(found, text.utf8Start, count) == 0 { return true }
      at = UnsafeRawPointer(found) - base + 1
    }
    return false
  }

  /// Whether the system or an interpreter can be told to execute it: ansible-core refuses a script without a first line
  /// that names its interpreter.
  public var namesInterpreter: Bool {
    bytes.count > 2 && bytes[0] == UInt8(ascii: "#") && bytes[1] == UInt8(ascii: "!")
  }

  /// PowerShell's modules are ansible-core's to build, whatever else stands in them.
  public var isPowerShell: Bool {
    contains("# POWERSHELL_COMMON") || Self.powerShell.contains { containsIgnoringCase($0) }
  }

  private static let powerShell: [StaticString] = [
    "#requires -module", "#requires -version", "#ansiblerequires -osversion", "#ansiblerequires -powershell",
    "#ansiblerequires -csharputil", "#ansiblerequires -wrapper",
  ]

  /// - Parameter text: in lower case.
  private func containsIgnoringCase(_ text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard bytes.count >= count else { return false }
    // All begin with `#`, which is rare enough that the rest is seldom compared.
    for start in 0...(bytes.count - count) where bytes[start] == text.utf8Start[0] {
      if (0..<count).allSatisfy({ lower(bytes[start + $0]) == text.utf8Start[$0] }) { return true }
    }
    return false
  }

  private func lower(_ byte: UInt8) -> UInt8 {
    byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
  }
}
