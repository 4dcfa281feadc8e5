import Glibc
import NIOCore
import Wire

/// A node of a running router, as programs see it that expect a remote shell (`rsync --rsh`, `git`): one command line,
/// its input and its output.
public struct RemoteShell: Sendable {
  /// Bytes on their way, each way, beyond what a stream begins with: a line of 180 ms carries 20 MB/s with it.
  private static let window = 4_194_304

  private let client: SessionClient
  private let node: UInt32

  /// - Parameters:
  ///   - path: the router's socket; only its owner may connect.
  ///   - node: number of a node that is open, as the operation `place` tells it.
  public init(socket path: String, node: UInt32) throws {
    self.node = node
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let room = MemoryLayout.size(ofValue: address.sun_path)
    guard path.utf8.count < room else { throw Failure(code: "internal", message: "\(path) is too long for a socket") }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard descriptor >= 0, status == 0 else {
      let reason = String(cString: strerror(errno))
      close(descriptor)
      throw Failure(
        code: "node_lost", message: "no router answers on \(path): \(reason)", hint: "It ends with its Ansible run.")
    }
    client = try SessionClient(descriptor: descriptor)
  }

  /// Runs a command line by `/bin/sh` and waits for its end.
  ///
  /// - Parameter input: a descriptor that is read to its end.
  /// - Throws: `Failure`.
  public func run(
    _ commandLine: String, input: Int32, output: @escaping @Sendable (_ bytes: ByteBufferView, _ isError: Bool) -> Void
  ) throws -> Session.Outcome {
    struct Header: Encodable {
      var op = "exec"
      var node: UInt32
    }
    struct Call: Encodable {
      var command: String
      var shell = "/bin/sh"
      var stream = true
      var tty = false
      var window = RemoteShell.window
    }
    defer { try? client.close() }
    return try client.exec(
      Parts.encode([
        WireJSON.encode(Header(node: node)), WireJSON.encode(Call(command: commandLine)), ByteBuffer(),
        ByteBuffer(string: "{}"),
      ]), input: input, window: Self.window, output: output)
  }
}
