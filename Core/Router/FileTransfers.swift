import Glibc
import NIOCore
import NIOPosix
import Wire

/// A file of the controller on its way to a node. Read in pieces as the node's credit allows: at most two pieces
/// of it are in memory.
final class FileSource {
  private static let piece = WireLimits.fragment

  private let path: String
  private let desk: NIOThreadPool
  private let core: RouterCore
  private var descriptor: Int32 = -1
  private var reading = false
  private var finished = false
  private var stream: NodeStream?
  private var client: ClientStream?

  init(path: String, desk: NIOThreadPool, core: RouterCore) {
    self.path = path
    self.desk = desk
    self.core = core
  }

  func send(header: ByteBuffer, call: ByteBuffer, over stream: NodeStream, for client: ClientStream) {
    self.stream = stream
    self.client = client
    let path = self.path
    desk.runIfActive(eventLoop: core.loop) { () -> Result<(Int32, ByteBuffer?), SystemFailure> in
      let fd = open(path, O_RDONLY | O_CLOEXEC)
      guard fd >= 0 else { return .failure(SystemFailure("open", path)) }
      var info = stat()
      guard fstat(fd, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
        close(fd)
        return .failure(SystemFailure("read", path))
      }
      guard info.st_size <= WireLimits.inlineFile else { return .success((fd, nil)) }
      defer { close(fd) }
      return FileSource.read(fd, upTo: WireLimits.inlineFile + 1, path).map { (-1, $0) }
    }.assumeIsolated().whenComplete { outcome in
      switch outcome {
      case .success(.success((_, let whole?))):
        stream.request(Parts.encode(header, call, whole))
        client.attach(stream)
      case .success(.success((let fd, nil))):
        self.descriptor = fd
        stream.request(Parts.encode(header, call))
        client.attach(stream)
        stream.sent = { _ in self.fill() }
        self.fill()
      case .success(.failure(let failure)): self.fail(failure.failure)
      case .failure: self.fail(Failure(code: "internal", message: "the router is shutting down"))
      }
    }
  }

  private func fill() {
    guard !reading, !finished, let stream, stream.waitingBytes < Self.piece else { return }
    guard client?.isLive == true else { return finish() }
    reading = true
    let (fd, path) = (descriptor, self.path)
    desk.runIfActive(eventLoop: core.loop) { FileSource.read(fd, upTo: FileSource.piece, path) }
      .assumeIsolated().whenComplete { outcome in
        self.reading = false
        switch outcome {
        case .success(.success(let bytes)) where bytes.readableBytes > 0:
          stream.data(bytes, priority: .file)
          self.fill()
        case .success(.success):
          stream.end(priority: .file)
          self.finish()
        case .success(.failure(let failure)): self.fail(failure.failure)
        case .failure: self.fail(Failure(code: "internal", message: "the router is shutting down"))
        }
      }
  }

  private func finish() {
    finished = true
    stream?.sent = nil
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
    stream = nil
    client = nil
  }

  private func fail(_ failure: Failure) {
    client?.refuse(failure)
    if let stream { core.cancel(stream) }
    finish()
  }

  static func read(_ fd: Int32, upTo size: Int, _ path: String) -> Result<ByteBuffer, SystemFailure> {
    var bytes = ByteBuffer()
    while bytes.readableBytes < size {
      var count = 0
      let wanted = size - bytes.readableBytes
      bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { space in
        repeat { count = Glibc.read(fd, space.baseAddress, wanted) } while count < 0 && errno == EINTR
        return max(count, 0)
      }
      if count < 0 { return .failure(SystemFailure("read", path)) }
      if count == 0 { break }
    }
    return .success(bytes)
  }
}

/// A file of the controller, in pieces, for who asks for them one by one.
final class FileReader {
  private let path: String
  private let desk: NIOThreadPool
  private let loop: any EventLoop
  private var descriptor: Int32 = -1

  init(path: String, desk: NIOThreadPool, loop: any EventLoop) {
    self.path = path
    self.desk = desk
    self.loop = loop
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// - Parameter call: gets the next piece; `nil` at the end.
  func next(_ call: @escaping (Result<ByteBuffer?, Failure>) -> Void) {
    let (path, known) = (self.path, descriptor)
    desk.runIfActive(eventLoop: loop) { () -> Result<(Int32, ByteBuffer), SystemFailure> in
      let fd = known >= 0 ? known : open(path, O_RDONLY | O_CLOEXEC)
      guard fd >= 0 else { return .failure(SystemFailure("open", path)) }
      switch FileSource.read(fd, upTo: FileReader.piece, path) {
      case .success(let bytes): return .success((fd, bytes))
      case .failure(let failure):
        if known < 0 { close(fd) }
        return .failure(failure)
      }
    }.assumeIsolated().whenComplete { outcome in
      switch outcome {
      case .success(.success((let fd, let bytes))):
        self.descriptor = fd
        call(.success(bytes.readableBytes > 0 ? bytes : nil))
      case .success(.failure(let failure)): call(.failure(failure.failure))
      case .failure: call(.failure(Failure(code: "internal", message: "the router is shutting down")))
      }
    }
  }

  private static let piece = 1_048_576
}

/// A file of a node on its way to the controller: written to a hidden file beside its place, then renamed, so that
/// a reader sees the old file or the new one, whole.
final class FileSink: StreamReceiving {
  private let path: String
  private let hidden: String
  private let desk: NIOThreadPool
  private let client: ClientStream
  private let loop: any EventLoop
  private var descriptor: Int32 = -1
  private var assemblerBytes: ByteBuffer?
  private var failed: Failure?
  /// Writes happen one after the other, on the desk.
  private var tail: EventLoopFuture<Void>

  init(path: String, desk: NIOThreadPool, client: ClientStream, loop: any EventLoop) {
    self.path = path
    self.desk = desk
    self.client = client
    self.loop = loop
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { String(path[...$0]) } ?? ""
    let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
    hidden = "\(folder).\(name).\(UInt32.random(in: .min ... .max)).mitogen"
    tail = loop.makeSucceededVoidFuture()
  }

  func frameReceived(_ frame: Frame, kind: FrameKind, on stream: NodeStream) {
    switch kind {
    case .data:
      write(frame.payload) { stream.grant(UInt32(frame.payload.readableBytes)) }
    case .reply:
      if assemblerBytes == nil { assemblerBytes = frame.payload } else { assemblerBytes!.writeImmutableBuffer(frame.payload) }
      if frame.flags.contains(.more) { return stream.grant(UInt32(frame.payload.readableBytes)) }
      finish()
    default: break
    }
  }

  func streamFailed(_ failure: Failure, on stream: NodeStream) {
    failed = failure
    finish()
  }

  // MARK: From elsewhere than a node

  func end(meta: ByteBuffer) {
    assemblerBytes = Parts.encode(meta, ByteBuffer())
    finish()
  }

  func fail(_ failure: Failure) {
    failed = failure
    finish()
  }

  func write(_ bytes: ByteBuffer, then: @escaping () -> Void) {
    step { sink throws(SystemFailure) in
      if sink.fd < 0 { sink.fd = try FileSink.create(sink.hidden) }
      try FileSink.writeAll(bytes, to: sink.fd, sink.hidden)
    } then: {
      then()
    }
  }

  private func finish() {
    let reply = assemblerBytes ?? ByteBuffer()
    let parts = (try? Parts.decode(reply)) ?? []
    let content = parts.count > 1 ? parts[1] : ByteBuffer()
    let keep = failed == nil
    let path = self.path
    step { sink throws(SystemFailure) in
      guard keep else {
        if sink.fd >= 0 { unlink(sink.hidden) }
        return
      }
      if sink.fd < 0 { sink.fd = try FileSink.create(sink.hidden) }
      try FileSink.writeAll(content, to: sink.fd, sink.hidden)
      guard fsync(sink.fd) == 0, rename(sink.hidden, path) == 0 else {
        let failure = SystemFailure("write", path)
        unlink(sink.hidden)
        throw failure
      }
    } then: {
      if self.descriptor >= 0 { close(self.descriptor) }
      self.descriptor = -1
      if let failed = self.failed {
        unlink(self.hidden)
        self.client.refuse(failed)
      } else {
        self.client.reply(parts.first ?? ByteBuffer(string: "{}"), ByteBuffer())
      }
    }
  }

  /// What a step on the desk may touch.
  private struct Open { var fd: Int32, hidden: String }

  private func step(
    _ work: @escaping @Sendable (inout Open) throws(SystemFailure) -> Void, then: @escaping () -> Void
  ) {
    let done = tail.assumeIsolated().flatMap { () -> EventLoopFuture<Void> in
      let (fd, hidden) = (self.descriptor, self.hidden)
      let failedAlready = self.failed != nil
      return self.desk.runIfActive(eventLoop: self.loop) { () -> (Int32, SystemFailure?) in
        var sink = Open(fd: fd, hidden: hidden)
        do throws(SystemFailure) {
          if !failedAlready { try work(&sink) } else if fd >= 0 { unlink(hidden) }
          return (sink.fd, nil)
        } catch {
          return (sink.fd, error)
        }
      }.assumeIsolated().map { outcome in
        self.descriptor = outcome.0
        if let failure = outcome.1, self.failed == nil { self.failed = failure.failure }
        then()
      }.nonisolated()
    }.nonisolated()
    tail = done.recover { _ in }
  }

  private static func create(_ path: String) throws(SystemFailure) -> Int32 {
    let fd = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard fd >= 0 else { throw SystemFailure("create", path) }
    return fd
  }

  private static func writeAll(_ bytes: ByteBuffer, to fd: Int32, _ path: String) throws(SystemFailure) {
    var rest = bytes
    while rest.readableBytes > 0 {
      let count = rest.withUnsafeReadableBytes { Glibc.write(fd, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw SystemFailure("write", path) }
      rest.moveReaderIndex(forwardBy: count)
    }
  }
}

/// A system call on a file of the controller that failed.
struct SystemFailure: Error {
  let failure: Failure

  /// Reads `errno`; to be made right after the call.
  init(_ verb: String, _ path: String) {
    let reason = String(cString: strerror(errno))
    failure = Failure(code: "not_found", message: "cannot \(verb) \(path) on the controller: \(reason)")
  }
}
