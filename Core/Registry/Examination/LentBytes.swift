import PluginABI

#if canImport(Glibc)
  import Glibc
#endif

/// An argument whose borrower cannot break its rules unseen: the bytes end where a page begins that nobody may touch,
/// nobody may write them, and once they are taken back nobody may read them. What breaks a rule ends its process.
final class LentBytes {
  /// What the operation is passed.
  let argument: UnsafeMutableRawPointer
  private let pages: UnsafeMutableRawPointer?
  private let size: Int

  init(_ bytes: [UInt8]) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let lent = UnsafeMutablePointer<mitogen_bytes>.allocate(capacity: 1)
    argument = UnsafeMutableRawPointer(lent)
    // The header allows NULL for no bytes, so that is what is passed.
    guard !bytes.isEmpty else {
      lent.initialize(to: mitogen_bytes(data: nil, length: 0))
      pages = nil
      size = 0
      return
    }
    let room = (bytes.count + page - 1) / page * page
    size = room + page
    let mapped = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let mapped, mapped != UnsafeMutableRawPointer(bitPattern: -1) else {
      preconditionFailure("no memory to be had: \(SystemError(errno))")
    }
    pages = mapped
    let start = mapped + (room - bytes.count)
    start.copyMemory(from: bytes, byteCount: bytes.count)
    mprotect(mapped, room, PROT_READ)
    mprotect(mapped + room, page, PROT_NONE)
    lent.initialize(
      to: mitogen_bytes(data: UnsafePointer(start.assumingMemoryBound(to: UInt8.self)), length: bytes.count))
  }

  /// The memory goes, its addresses stay taken: nothing else may come to lie where a plugin still looks.
  func takeBack() {
    argument.assumingMemoryBound(to: mitogen_bytes.self).pointee = mitogen_bytes(data: nil, length: 0)
    guard let pages else { return }
    mprotect(pages, size, PROT_NONE)
    madvise(pages, size, MADV_DONTNEED)
  }
}
