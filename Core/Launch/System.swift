import CMitogenSystem
import Glibc

/// A call of the system that failed.
struct SystemError: Error {
  var call: String
  var number: Int32

  var reason: String { String(cString: strerror(number)) }
}

/// One descriptor and the duty to close it.
final class OwnedDescriptor {
  let number: Int32
  private var isOurs = true

  init(_ number: Int32) {
    self.number = number
  }

  deinit {
    close()
  }

  func close() {
    if isOurs { Glibc.close(number) }
    isOurs = false
  }

  /// Hands the duty over.
  func take() -> Int32 {
    isOurs = false
    return number
  }
}

enum System {
  static func pipe() throws(SystemError) -> (reader: OwnedDescriptor, writer: OwnedDescriptor) {
    var reader: Int32 = -1
    var writer: Int32 = -1
    let error = mitogen_pipe(&reader, &writer)
    guard error == 0 else { throw SystemError(call: "pipe", number: error) }
    return (OwnedDescriptor(reader), OwnedDescriptor(writer))
  }

  static func socketPair() throws(SystemError) -> (OwnedDescriptor, OwnedDescriptor) {
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw SystemError(call: "socketpair", number: errno) }
    return (OwnedDescriptor(ends[0]), OwnedDescriptor(ends[1]))
  }

  static func terminal(raw: Bool) throws(SystemError) -> (master: OwnedDescriptor, slave: OwnedDescriptor) {
    var master: Int32 = -1
    var slave: Int32 = -1
    let error = mitogen_open_pty(raw ? 1 : 0, &master, &slave)
    guard error == 0 else { throw SystemError(call: "openpt", number: error) }
    return (OwnedDescriptor(master), OwnedDescriptor(slave))
  }

  /// What is there to be read now, without waiting; at most `limit` bytes. The descriptor must be non-blocking.
  static func readAvailable(_ descriptor: Int32, limit: Int = 65536) -> [UInt8] {
    var result: [UInt8] = []
    while result.count < limit {
      let piece = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
        count = max(read(descriptor, buffer.baseAddress, 4096), 0)
      }
      if piece.isEmpty { break }
      result += piece
    }
    return result
  }
}
