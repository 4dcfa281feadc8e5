import Files
import NIOCore
import NIOPosix
import Routing
import Wire

/// A file of a node on its way to the controller: renamed to its place when it is known to be what the node read. What an
/// earlier try left is offered to the node, which says whether its file begins so, and then sends the rest.
final class FileSink: StreamReceiving {
  private let path: String
  /// Whether the file gets the mode and the time of the node's.
  private let preserve: Bool
  private let desk: NIOThreadPool
  /// `nil` when it was answered: it holds the node's stream, and that this.
  private var client: ClientStream?
  private let loop: any EventLoop
  private var file: HiddenFile?
  /// Bytes of it, as of the last step.
  private var size = 0
  private var reply: ByteBuffer?
  private var failed: Failure?
  /// Bytes of an earlier try that the node is to compare: what it sends begins with where it goes on.
  private var offered = 0
  private static let comparedAtOnce = 8_388_608
  /// What the node may have on its way; counted in credit that it was given.
  private var flight = FlightWindow(ceiling: 0, floor: 0)
  private var share: FlightShare?
  /// Writes happen one after the other, on the desk.
  private var tail: EventLoopFuture<Void>

  /// What a node says of a file that it sent; one without Python knows less.
  private struct Meta: Decodable {
    var sha256: String?
    var mode: String?
    var mtime: Int?
  }

  init(path: String, preserve: Bool, desk: NIOThreadPool, client: ClientStream, loop: any EventLoop) {
    self.path = path
    self.preserve = preserve
    self.desk = desk
    self.client = client
    self.loop = loop
    tail = loop.makeSucceededVoidFuture()
  }

  /// Looks for what an earlier try left under the same key.
  ///
  /// - Parameter then: gets what a request's header says of it.
  func begin(key: String, then: @escaping (String) -> Void) {
    let path = self.path
    step { file throws(SystemFailure) in
      file = try HiddenFile(for: path, key: key)
    } then: {
      self.readPrefix(then)
    }
  }

  private func readPrefix(_ then: @escaping (String) -> Void) {
    guard let file, failed == nil else { return finish() }
    if file.size < file.have {
      return step { file throws(SystemFailure) in
        try file?.readPrefix(FileSink.comparedAtOnce)
      } then: {
        self.readPrefix(then)
      }
    }
    offered = file.have
    then(offered > 0 ? #","have":\#(offered),"sha256":"\#(file.digest)""# : "")
  }

  /// The node begins to send.
  func requested(_ share: FlightShare) {
    self.share = share
    flight = FlightWindow(ceiling: WireLimits.initialCredit + share.bytes, floor: WireLimits.initialCredit)
    flight.sent(WireLimits.initialCredit, now: NIODeadline.now().uptimeNanoseconds)
  }

  private func used(_ bytes: Int, of stream: NodeStream) {
    let now = NIODeadline.now().uptimeNanoseconds
    flight.arrived(bytes, now: now, besideCalls: share?.isBesideCalls(now: now) ?? false)
    let room = flight.limit - flight.inFlight
    // A frame of its own for each would cost more than it brings.
    guard room >= WireLimits.fragment || flight.inFlight == 0 else { return }
    flight.sent(room, now: now)
    stream.grant(UInt32(room))
  }

  private func begin(at position: ByteBuffer) {
    let offered = self.offered
    self.offered = 0
    step { file throws(SystemFailure) in
      let offset = position.getInteger(at: position.readerIndex, as: UInt64.self)
      guard let offset, offset == 0 || offset == UInt64(offered) else {
        throw SystemFailure(Failure(code: "protocol", message: "the node goes on where nobody was"))
      }
      try file?.begin(at: Int(offset))
    } then: {
    }
  }

  func frameReceived(_ frame: Frame, kind: FrameKind, on stream: NodeStream) {
    switch kind {
    case .data where offered > 0:
      begin(at: frame.payload)
      used(frame.payload.readableBytes, of: stream)
    case .data:
      write(frame.payload) {
        // What cannot be kept need not come.
        if let failed = self.failed { self.client?.giveUp(failed) } else { self.used(frame.payload.readableBytes, of: stream) }
      }
    case .reply:
      if reply == nil { reply = frame.payload } else { reply!.writeImmutableBuffer(frame.payload) }
      if frame.flags.contains(.more) { return used(frame.payload.readableBytes, of: stream) }
      finish()
    default: break
    }
  }

  func streamFailed(_ failure: Failure, on stream: NodeStream) {
    failed = failed ?? failure
    finish()
  }

  // MARK: From elsewhere than a node

  func end(meta: ByteBuffer) {
    reply = Parts.encode(meta, ByteBuffer())
    finish()
  }

  func fail(_ failure: Failure) {
    failed = failed ?? failure
    finish()
  }

  func write(_ bytes: ByteBuffer, then: @escaping () -> Void) {
    let path = self.path
    step { file throws(SystemFailure) in
      try FileSink.write(bytes, to: &file, path)
    } then: {
      self.client?.progress(self.size)
      then()
    }
  }

  private func finish() {
    let parts = (try? Parts.decode(reply ?? ByteBuffer())) ?? []
    let meta = try? WireJSON.decode(Meta.self, from: parts.first ?? ByteBuffer(string: "{}"))
    let content = parts.count > 1 ? parts[1] : ByteBuffer()
    let (path, preserve) = (self.path, self.preserve)
    step { file throws(SystemFailure) in
      try FileSink.write(content, to: &file, path)
      guard let whole = file else { return }
      if let announced = meta?.sha256, announced != whole.digest {
        throw SystemFailure(
          Failure(
            code: "integrity",
            message: "\(path): what came is not what was sent: SHA-256 \(whole.digest), expected \(announced)"))
      }
      let mode = meta?.mode.flatMap { UInt32($0, radix: 8) }
      if preserve {
        try whole.settle(mode: mode, modified: meta?.mtime)
      } else {
        // The owner may write it, and it runs as nobody else: as `sftp` leaves it.
        try whole.settle(newMode: mode.map { $0 & 0o777 | 0o200 } ?? 0o666)
      }
      file = nil
    } then: {
      if let failed = self.failed {
        self.client?.refuse(failed)
      } else {
        self.client?.progress(self.size + content.readableBytes, isAll: true)
        self.client?.reply(parts.first ?? ByteBuffer(string: "{}"), ByteBuffer())
      }
      self.client = nil
      self.share?.giveBack()
    }
  }

  private static func write(_ bytes: ByteBuffer, to file: inout HiddenFile?, _ path: String) throws(SystemFailure) {
    if file == nil { file = try HiddenFile(for: path) }
    try file?.write(bytes)
  }

  /// Does a piece of work on the desk, unless one before it failed; what fails leaves nothing.
  private func step(
    _ work: @escaping @Sendable (inout HiddenFile?) throws(SystemFailure) -> Void, then: @escaping () -> Void
  ) {
    let done = tail.assumeIsolated().flatMap { () -> EventLoopFuture<Void> in
      let (file, hasFailed) = (self.file, self.failed != nil)
      // What is wrong with the content, or the place, will be wrong again.
      let isCutOff = !["changed", "integrity"].contains(self.failed?.code)
      return self.desk.runIfActive(eventLoop: self.loop) { () -> (HiddenFile?, SystemFailure?) in
        var file = file
        guard !hasFailed else {
          if isCutOff { file?.leave() } else { file?.discard() }
          return (nil, nil)
        }
        do throws(SystemFailure) {
          try work(&file)
          return (file, nil)
        } catch {
          file?.discard()
          return (nil, error)
        }
      }.assumeIsolated().map { outcome in
        self.file = outcome.0
        self.size = outcome.0?.size ?? self.size
        if let failure = outcome.1, self.failed == nil { self.failed = failure.failure }
        then()
      }.nonisolated()
    }.nonisolated()
    tail = done.recover { _ in }
  }
}
