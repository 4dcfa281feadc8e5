import Glibc
import NIOCore
import Testing

@testable import Files

/// A folder that goes with the test.
private final class Folder {
  let path: String

  init() {
    var template = Array("/tmp/files-XXXXXX".utf8CString)
    path = String(cString: mkdtemp(&template))
  }

  deinit {
    for name in names { unlink("\(path)/\(name)") }
    rmdir(path)
  }

  var names: [String] {
    var names: [String] = []
    guard let entries = opendir(path) else { return [] }
    while let entry = readdir(entries) {
      names.append(withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      })
    }
    closedir(entries)
    return names.filter { $0 != "." && $0 != ".." }.sorted()
  }

  func write(_ text: String, to name: String) {
    let descriptor = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    _ = text.withCString { Glibc.write(descriptor, $0, strlen($0)) }
    close(descriptor)
  }

  func read(_ name: String) -> String? {
    (try? SmallFile("\(path)/\(name)", limit: 1 << 20)).map { String(buffer: $0.content) }
  }
}

@Suite struct HiddenFileTests {
  @Test func aReaderSeesTheOldFileUntilTheNewOneIsWhole() throws {
    let folder = Folder()
    folder.write("old", to: "file")
    var file = try HiddenFile(for: "\(folder.path)/file")
    try file.write(ByteBuffer(string: "ne"))
    #expect(folder.read("file") == "old")
    #expect(folder.names.count == 2)
    try file.write(ByteBuffer(string: "w"))
    #expect(file.digest == "11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437")
    try file.settle()
    #expect(folder.read("file") == "new")
    #expect(folder.names == ["file"])
  }

  @Test func aFileThatIsDiscardedLeavesNothing() throws {
    let folder = Folder()
    var file = try HiddenFile(for: "\(folder.path)/file")
    try file.write(ByteBuffer(string: "new"))
    file.discard()
    #expect(folder.names.isEmpty)
  }

  @Test func modeAndTimeAreSet() throws {
    let folder = Folder()
    let path = "\(folder.path)/file"
    try HiddenFile(for: path).settle(mode: 0o4751, modified: 1_234_567_890_987_654_321)
    var info = stat()
    stat(path, &info)
    #expect(info.st_mode & 0o7777 == 0o4751)
    #expect(SourceState(info).modified == 1_234_567_890_987_654_321)
    try HiddenFile(for: path).settle(newMode: 0o600)
    stat(path, &info)
    #expect(info.st_mode & 0o7777 == 0o4751)
  }

  @Test func aNameOfManyBytesIsCutBetweenCharacters() throws {
    let name = HiddenFile.name(for: "/d/" + String(repeating: "ü", count: 120))
    #expect(name.hasPrefix("/d/." + String(repeating: "ü", count: 32) + "."))
    #expect(HiddenName(String(name.dropFirst(3)))?.name == String(repeating: "ü", count: 32))
  }
}

@Suite struct PartialFileTests {
  private let key = "00112233aabb"
  private let content = ByteBuffer(repeating: 7, count: HiddenFile.worthKeeping + 1)

  @Test func whatIsLeftIsGoneOnWith() throws {
    let folder = Folder()
    let path = "\(folder.path)/file"
    var first = try HiddenFile(for: path, key: key)
    #expect(first.have == 0)
    try first.write(content)
    let other = try HiddenFile(for: path, key: key)
    #expect(other.have == 0)  // The first is being written.
    other.discard()
    first.leave()
    var second = try HiddenFile(for: path, key: key)
    #expect(second.have == content.readableBytes)
    while second.size < second.have { try second.readPrefix(1_000_000) }
    #expect(second.digest == ContentSum(of: content).hex)
    try second.begin(at: second.have)
    try second.write(ByteBuffer(string: "end"))
    var whole = content
    whole.writeString("end")
    #expect(second.digest == ContentSum(of: whole).hex)
    try second.settle()
    #expect(try SmallFile(path, limit: 1 << 24).content == whole)
  }

  @Test func whatIsOtherIsBegunAnew() throws {
    let folder = Folder()
    let path = "\(folder.path)/file"
    var first = try HiddenFile(for: path, key: key)
    try first.write(content)
    first.leave()
    var second = try HiddenFile(for: path, key: key)
    try second.readPrefix(1 << 24)
    try second.begin(at: 0)
    try second.write(ByteBuffer(string: "new"))
    try second.settle()
    #expect(folder.names == ["file"])
    #expect(folder.read("file") == "new")
  }

  @Test func aLittleIsNotKept() throws {
    let folder = Folder()
    var file = try HiddenFile(for: "\(folder.path)/file", key: key)
    try file.write(ByteBuffer(string: "little"))
    file.leave()
    #expect(folder.names.isEmpty)
  }
}

@Suite struct LeftOversTests {
  @Test func whatNobodyHoldsIsRemovedByTheNextTransfer() throws {
    let folder = Folder()
    folder.write("x", to: ".file.0123456789ab.mitogen")
    folder.write("x", to: ".file.mitogen")
    try HiddenFile(for: "\(folder.path)/file").settle()
    #expect(folder.names == [".file.mitogen", "file"])
  }

  @Test func whatSomebodyWritesStays() throws {
    let folder = Folder()
    let name = ".file.0123456789ab.mitogen"
    folder.write("x", to: name)
    let descriptor = open("\(folder.path)/\(name)", O_WRONLY)
    defer { close(descriptor) }
    #expect(FileLock.take(descriptor) == .taken)
    try HiddenFile(for: "\(folder.path)/file").settle()
    #expect(folder.names == [name, "file"])
  }
}

@Suite struct LinkTests {
  @Test func aLinkTakesThePlaceOfWhatIsThere() throws {
    let folder = Folder()
    folder.write("old", to: "file")
    try HiddenFile.link(to: "there", at: "\(folder.path)/file")
    try HiddenFile.link(to: "other", at: "\(folder.path)/file")
    var target = [CChar](repeating: 0, count: 64)
    readlink("\(folder.path)/file", &target, 63)
    #expect(target.prefix(5).map { UInt8($0) } == Array("other".utf8))
    #expect(folder.names == ["file"])
  }

  @Test func whatAKilledOneLeftIsRemovedWithItsHiddenFile() throws {
    let folder = Folder()
    symlink("x", "\(folder.path)/.a.0123456789ab.mitogen-link")
    symlink("x", "\(folder.path)/.b.0123456789ab.mitogen-link")
    folder.write("", to: ".b.0123456789ab.mitogen")
    try HiddenFile(for: "\(folder.path)/file").settle()
    #expect(folder.names == ["file"])
  }

  @Test func oneThatSomebodyIsMakingStays() throws {
    let folder = Folder()
    let holder = ".a.0123456789ab.mitogen"
    symlink("x", "\(folder.path)/\(holder)-link")
    folder.write("", to: holder)
    let descriptor = open("\(folder.path)/\(holder)", O_WRONLY)
    defer { close(descriptor) }
    #expect(FileLock.take(descriptor) == .taken)
    try HiddenFile(for: "\(folder.path)/file").settle()
    #expect(folder.names == [holder, "\(holder)-link", "file"])
  }
}

@Suite struct SourceStateTests {
  @Test func aFileThatIsWrittenReplacedOrRemovedHasChanged() throws {
    let folder = Folder()
    folder.write("content", to: "file")
    let path = "\(folder.path)/file"
    let descriptor = open(path, O_RDONLY)
    defer { close(descriptor) }
    let state = try SourceState(of: descriptor, path)
    #expect(!state.hasChanged(descriptor, path))
    folder.write("other content", to: "file")
    #expect(state.hasChanged(descriptor, path))
    let later = try SourceState(of: descriptor, path)
    unlink(path)
    #expect(later.hasChanged(descriptor, path))
    folder.write("other content", to: "file")
    #expect(later.hasChanged(descriptor, path))
  }

  @Test func whatIsMadeWhenItIsReadHasNoState() throws {
    let descriptor = open("/proc/self/stat", O_RDONLY)
    defer { close(descriptor) }
    #expect(try !SourceState(of: descriptor, "/proc/self/stat").hasChanged(descriptor, "/none"))
  }
}
