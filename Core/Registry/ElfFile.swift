/// What a shared object says of itself, read from its headers and tables without loading it: a library's
/// constructors run inside dlopen, which is too late to refuse it.
struct ElfFile: Equatable {
  enum Malformed: Error, Equatable {
    case notELF
    case foreign(String)
    case broken(String)
  }

  var machine: UInt16
  var isSharedObject: Bool
  /// Libraries that the dynamic linker loads with it.
  var needed: [String]
  /// Symbols that others can link to.
  var exported: Set<String>
  /// The Swift toolchain that it was built with, as its compiler wrote it into `.comment`; `nil` if none did.
  var toolchain: String?

  /// Tables larger than this are no plugin library's.
  static let tableLimit = 16 << 20

  typealias Read = (_ offset: Int, _ limit: Int) throws -> [UInt8]

  /// 64-bit little-endian files only: the ABI is defined for nothing else. An executable's symbols can be many, and
  /// nobody asks for them: without `symbols`, `exported` stays empty.
  init(symbols wantsSymbols: Bool = true, read: Read) throws {
    let header = try read(0, 64)
    guard header.count == 64, header[0..<4].elementsEqual([0x7f, 0x45, 0x4c, 0x46]) else { throw Malformed.notELF }
    guard header[4] == 2 else { throw Malformed.foreign("a 32-bit file") }
    guard header[5] == 1 else { throw Malformed.foreign("a big-endian file") }
    machine = UInt16(try header.number(18, 2))
    isSharedObject = try header.number(16, 2) == 3

    let sections = try Self.sections(header, read)
    func content(_ section: Section) throws -> [UInt8] {
      guard section.size <= Self.tableLimit else { throw Malformed.broken("a table of \(section.size) bytes") }
      let bytes = try read(section.offset, section.size)
      guard bytes.count == section.size else { throw Malformed.broken("a table past the end of the file") }
      return bytes
    }
    func texts(of section: Section) throws -> [UInt8] {
      guard sections.indices.contains(section.link) else { throw Malformed.broken("a table without its texts") }
      return try content(sections[section.link])
    }

    needed = []
    if let dynamic = sections.first(where: { $0.type == 6 }) {
      let table = try content(dynamic)
      let names = try texts(of: dynamic)
      for entry in stride(from: 0, to: table.count - 15, by: 16) {
        let tag = try table.number(entry, 8)
        if tag == 0 { break }
        if tag == 1 { needed.append(try names.text(at: table.number(entry + 8, 8))) }
      }
    }
    exported = []
    if wantsSymbols, let symbols = sections.first(where: { $0.type == 11 }) {
      let table = try content(symbols)
      let names = try texts(of: symbols)
      for entry in stride(from: 0, to: table.count - 23, by: 24) {
        let binding = table[entry + 4] >> 4
        let section = try table.number(entry + 6, 2)
        // Global or weak, and defined here; section 0xfff1 holds the linker's own marks such as _edata.
        guard binding == 1 || binding == 2, section != 0, section != 0xfff1 else { continue }
        exported.insert(try names.text(at: table.number(entry, 4)))
      }
    }
    toolchain = nil
    for section in sections where section.name == ".comment" {
      toolchain = try content(section).split(separator: 0)
        .map { String(decoding: $0, as: UTF8.self) }
        // The toolchain's linker leaves a line too, in whatever it links.
        .first { $0.contains("clang version") && $0.contains("swiftlang/llvm-project") }
    }
  }

  private struct Section {
    var name: String
    var type: Int
    var offset: Int
    var size: Int
    var link: Int
  }

  private static func sections(_ header: [UInt8], _ read: Read) throws -> [Section] {
    let offset = try header.number(40, 8)
    let stride = try header.number(58, 2)
    let count = try header.number(60, 2)
    let namesIndex = try header.number(62, 2)
    guard count > 0, stride >= 64, stride * count <= tableLimit, namesIndex < count else { throw Malformed.broken("no section table") }
    let table = try read(offset, stride * count)
    guard table.count == stride * count else { throw Malformed.broken("a section table past the end of the file") }

    var sections: [Section] = []
    var nameOffsets: [Int] = []
    for index in 0..<count {
      let at = index * stride
      nameOffsets.append(try table.number(at, 4))
      sections.append(
        Section(
          name: "", type: try table.number(at + 4, 4), offset: try table.number(at + 24, 8),
          size: try table.number(at + 32, 8), link: try table.number(at + 40, 4)))
    }
    let names = sections[namesIndex]
    guard names.size <= tableLimit else { throw Malformed.broken("a table of \(names.size) bytes") }
    let texts = try read(names.offset, names.size)
    for index in sections.indices { sections[index].name = try texts.text(at: nameOffsets[index]) }
    return sections
  }
}

extension [UInt8] {
  /// A little-endian number that fits an `Int`.
  fileprivate func number(_ at: Int, _ width: Int) throws -> Int {
    guard at >= 0, at <= count - width else { throw ElfFile.Malformed.broken("a number past the end of its table") }
    var value: UInt64 = 0
    for byte in self[at..<(at + width)].reversed() { value = value << 8 | UInt64(byte) }
    guard value <= UInt64(Int.max >> 1) else { throw ElfFile.Malformed.broken("a number of \(value)") }
    return Int(value)
  }

  fileprivate func text(at start: Int) throws -> String {
    guard indices.contains(start), let end = self[start...].firstIndex(of: 0) else {
      throw ElfFile.Malformed.broken("a text past the end of its table")
    }
    return String(decoding: self[start..<end], as: UTF8.self)
  }
}
