internal import PluginABI

/// A plugin that the router has opened, with the host's services: what `instance` points to.
final class Instance: Sendable {
  let plugin: any Plugin
  private let write: @Sendable @convention(c) (UnsafeRawPointer?, UnsafeRawPointer?) -> Int32

  init?(plugin: any Plugin, host: UnsafePointer<mitogen_host>) {
    guard let write = host.pointee.find?(host, UInt32(MITOGEN_WRITE), "i(reply,bytes)") else { return nil }
    self.plugin = plugin
    self.write = unsafeBitCast(write, to: (@Sendable @convention(c) (UnsafeRawPointer?, UnsafeRawPointer?) -> Int32).self)
  }

  /// Runs one operation: what it returns is the answer, what it throws is the refusal.
  func answer(_ reply: UnsafeRawPointer?, _ body: () throws -> [UInt8]) -> Int32 {
    do {
      return put(reply, try body())
    } catch {
      let refusal = error as? PluginRefusal ?? PluginRefusal(message: "\(type(of: plugin).name): \(error)")
      _ = put(reply, (try? JSON.encode(refusal)) ?? [])
      return Int32(MITOGEN_REFUSED)
    }
  }

  private func put(_ reply: UnsafeRawPointer?, _ answer: [UInt8]) -> Int32 {
    answer.withUnsafeBufferPointer { buffer in
      var bytes = mitogen_bytes(data: buffer.baseAddress, length: buffer.count)
      return write(reply, &bytes)
    }
  }

  static func at(_ address: UnsafeRawPointer?) -> Instance? {
    address.map { Unmanaged<Instance>.fromOpaque($0).takeUnretainedValue() }
  }
}

/// A borrowed argument.
struct Borrowed {
  let bytes: UnsafeRawBufferPointer

  init?(_ address: UnsafeRawPointer?) {
    guard let given = address?.assumingMemoryBound(to: mitogen_bytes.self).pointee else { return nil }
    bytes = UnsafeRawBufferPointer(start: given.data, count: given.data == nil ? 0 : given.length)
  }

  var text: String { String(decoding: bytes, as: UTF8.self) }
}
