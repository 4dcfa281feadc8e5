/// Names and classes of the bytes that Python source is made of.
enum Byte {
  static let tab = UInt8(ascii: "\t")
  static let newline = UInt8(ascii: "\n")
  static let formFeed: UInt8 = 0x0C
  static let carriageReturn = UInt8(ascii: "\r")
  static let space = UInt8(ascii: " ")
  static let doubleQuote = UInt8(ascii: "\"")
  static let hash = UInt8(ascii: "#")
  static let quote = UInt8(ascii: "'")
  static let backslash = UInt8(ascii: "\\")
  static let dot = UInt8(ascii: ".")

  /// Bytes of letters outside ASCII count as letters: Python 3 allows them in names.
  @inline(__always)
  static func isNameStart(_ c: UInt8) -> Bool {
    (c | 0x20) &- UInt8(ascii: "a") < 26 || c == UInt8(ascii: "_") || c >= 0x80
  }

  @inline(__always)
  static func isDigit(_ c: UInt8) -> Bool { c &- UInt8(ascii: "0") < 10 }

  @inline(__always)
  static func isNameContinue(_ c: UInt8) -> Bool { isNameStart(c) || isDigit(c) }
}
