import Plans
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// The helper process: loads one library and calls it as the router asks, so that a library that crashes or hangs
/// costs a process and not the run. Started as `mitogen plugin-host`.
public enum PluginHost {
  /// Serves requests from a socket until the router is gone. Never returns.
  public static func main(socket given: Int32 = 0) -> Never {
    // A plugin that reads descriptor 0 or prints to 1 must not meet our messages.
    let socket = fcntl(given, F_DUPFD_CLOEXEC, 3)
    let null = open("/dev/null", O_RDWR | O_CLOEXEC)
    guard socket >= 0, null >= 0 else { exit(2) }
    dup2(null, given)
    // A crash is reported by the router; a core of a plugin in somebody's working directory helps nobody.
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    exitWhenTheRouterIsGone(socket)
    Server(socket).run()
  }

  /// While a plugin hangs nobody reads the socket, so a thread of its own waits for the end.
  private static func exitWhenTheRouterIsGone(_ socket: Int32) {
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { context in
        let socket = Int32(Int(bitPattern: context))
        while true {
          var wanted = pollfd(fd: socket, events: 0, revents: 0)
          if poll(&wanted, 1, -1) > 0 { _exit(0) }
        }
      }, UnsafeMutableRawPointer(bitPattern: Int(socket)))
  }
}

/// Reads requests, one at a time, and calls the library on this thread.
private final class Server {
  private let output: Output
  private let socket: Int32
  private var buffer: [UInt8] = []
  private var library: LoadedLibrary?

  init(_ socket: Int32) {
    self.socket = socket
    output = Output(socket)
  }

  func run() -> Never {
    while let message = receive() {
      do {
        switch try RegistryJSON.decode(HelperRequest.self, message.header) {
        case .load(let path):
          let output = output
          let library = try LoadedLibrary(path: path) { output.send(.log($0)) }
          self.library = library
          output.send(.loaded(library.contents))
        case .call(let plugin, let operation, let parts):
          output.send(.answered, try call(plugin, operation, parts, message.bytes))
        case .attempt(let trial):
          guard let library else { exit(3) }
          output.send(.tried(try trial.run(library.plugin(named: trial.plugin), message.bytes)))
        }
      } catch let refusal as PluginRefusal {
        output.send(.refused(refusal))
      } catch let error as RegistryError {
        output.send(.failed(error))
      } catch {
        exit(3)  // the router does not speak this protocol
      }
    }
    exit(0)
  }

  private func call(_ plugin: String, _ operation: Int, _ parts: [HelperRequest.Part], _ bytes: [UInt8]) throws
    -> [UInt8]
  {
    guard let library else { exit(3) }
    var offset = 0
    guard let arguments = HelperRequest.arguments(parts, in: bytes, from: &offset) else { exit(3) }
    return try library.plugin(named: plugin).call(operation, arguments)
  }

  private func receive() -> HelperMessage? {
    while true {
      do {
        if let message = try HelperMessage.take(from: &buffer) { return message }
      } catch {
        exit(3)
      }
      let chunk = [UInt8](unsafeUninitializedCapacity: 65536) { space, count in
        repeat { count = max(-1, read(socket, space.baseAddress, space.count)) } while count < 0 && errno == EINTR
        count = max(0, count)
      }
      if chunk.isEmpty { return nil }
      buffer += chunk
    }
  }
}

/// Messages to the router, from any thread of the helper: plugins log from where they like.
private final class Output: Sendable {
  private let socket: Int32
  private let turn = Mutex(())

  init(_ socket: Int32) { self.socket = socket }

  func send(_ response: HelperResponse, _ bytes: [UInt8] = []) {
    guard let header = try? RegistryJSON.encode(response) else { exit(3) }
    let message = HelperMessage(header: header, bytes: bytes).encoded
    turn.withLock { _ in
      var sent = 0
      while sent < message.count {
        let count = message.withUnsafeBytes {
          Glibc.send(socket, $0.baseAddress.map { $0 + sent }, $0.count - sent, Int32(MSG_NOSIGNAL))
        }
        if count < 0, errno != EINTR { _exit(0) }  // the router is gone
        sent += max(0, count)
      }
    }
  }
}
