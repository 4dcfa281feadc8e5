import NIOCore
import NIOPosix
import Plans
import Synchronization

@testable import Launch

/// A real launch for tests: a loop, a launcher, and a "core" that says HELLO and echoes.
struct Trial {
  static let python = "/usr/bin/python3"
  static let echo = """
    import os
    def send(data):
        while data: data = data[os.write(1, data):]
    send(b"HELLO;")
    while True:
        data = os.read(0, 65536)
        if not data: break
        send(data)
    """

  let eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()
  let launcher: Launcher
  let logged = Logged()

  init() {
    launcher = Launcher(eventLoop: eventLoop)
  }

  func launch(
    _ plan: LaunchPlan, secrets: [String: Secret] = [:], python: [String]? = [Trial.python], candidates: [String] = [],
    parentPython: String? = nil, core: String = Trial.echo, initialBytes: String = ""
  ) async throws -> OpenNode {
    let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self)
    let (launcher, logged) = (launcher, logged)
    let outcome = try await eventLoop.flatSubmit {
      launcher.launch(
        plan: plan, secrets: secrets, python: python, candidates: candidates, parentPython: parentPython,
        core: zlib(Array(core.utf8)), initialBytes: Array(initialBytes.utf8), log: { line in logged.append(line) }
      ) { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Collector(continuation))
        }
      }
    }.get()
    switch outcome {
    case .node(let child): return OpenNode(child: child, bytes: stream.makeAsyncIterator())
    case .shell(let shell, let error):
      shell.terminate()
      throw error
    }
  }

  /// The error of a launch that must not succeed.
  func failure(
    _ plan: LaunchPlan, secrets: [String: Secret] = [:], python: [String]? = [Trial.python], candidates: [String] = []
  ) async throws -> LaunchError {
    do {
      _ = try await launch(plan, secrets: secrets, python: python, candidates: candidates)
      return LaunchError(code: "none", message: "it was launched")
    } catch let error as LaunchError {
      try await launcher.allEnded().get()
      return error
    }
  }
}

/// The router's side of a link.
struct OpenNode {
  let child: LaunchedChild
  var bytes: AsyncStream<[UInt8]>.Iterator

  func write(_ bytes: [UInt8]) {
    child.channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
  }

  /// - Returns: fewer bytes when the link ended.
  mutating func read(_ count: Int) async -> [UInt8] {
    var result: [UInt8] = []
    while result.count < count, let piece = await bytes.next() { result += piece }
    return result
  }

  mutating func text(_ count: Int) async -> String { String(decoding: await read(count), as: UTF8.self) }

  /// Ends it by closing the descriptors, and waits.
  func end() async throws -> ChildExit {
    child.terminate()
    return try await child.exit.get()
  }
}

private final class Collector: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  private let continuation: AsyncStream<[UInt8]>.Continuation

  init(_ continuation: AsyncStream<[UInt8]>.Continuation) {
    self.continuation = continuation
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    continuation.yield(Array(unwrapInboundIn(data).readableBytesView))
  }

  func channelInactive(context: ChannelHandlerContext) {
    continuation.finish()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    continuation.yield(Array("error: \(error)".utf8))
  }
}

final class Logged: Sendable {
  private let lines = Mutex<[String]>([])
  func append(_ line: String) { lines.withLock { $0.append(line) } }
  var all: [String] { lines.withLock { $0 } }
}

/// Stored blocks in a zlib envelope: what the first stage inflates, with no compressor.
func zlib(_ bytes: [UInt8]) -> [UInt8] {
  var result: [UInt8] = [0x78, 0x01]
  var rest = bytes[...]
  repeat {
    let block = rest.prefix(65535)
    rest = rest.dropFirst(block.count)
    let size = UInt16(block.count)
    result += [rest.isEmpty ? 1 : 0, UInt8(size & 255), UInt8(size >> 8), UInt8(~size & 255), UInt8(~size >> 8)]
    result += block
  } while !rest.isEmpty
  var a: UInt32 = 1
  var b: UInt32 = 0
  for byte in bytes {
    a = (a + UInt32(byte)) % 65521
    b = (b + a) % 65521
  }
  let adler = b << 16 | a
  return result + [UInt8(adler >> 24), UInt8(adler >> 16 & 255), UInt8(adler >> 8 & 255), UInt8(adler & 255)]
}

extension LaunchPlan {
  /// `/bin/sh -c SCRIPT` with the bootstrap as its arguments: for stand-ins that end with `exec "$@"`.
  static func sh(
    _ script: String, stdio: StdioShape = .pipes, prompts: [PromptRule] = [], hints: [ErrorHint] = [],
    timeout: Double = 60
  ) -> LaunchPlan {
    LaunchPlan(
      argv: [.literal("/bin/sh"), .literal("-c"), .literal(script), .literal("stand-in"), .bootstrapWords], stdio: stdio,
      prompts: prompts, hints: hints, description: "stand-in", timeout: timeout)
  }
}
