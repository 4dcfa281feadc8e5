import Launch
import NIOCore
import Plans
import Wire

/// A file on its way to a place without Python: in pieces, each of which a command writes behind the one before it.
/// Not atomic, as it is not with Ansible's own ways of transfer. A source that changes while it is read is told all the same.
final class ShellPut {
  private struct Call: Decodable {
    var path: String
    var mode: String?
  }

  /// Bytes of the source that a command is given.
  private static let piece = 1_048_576

  private let request: ClientRequest
  private let shell: ShellNode
  private let stream: ClientStream
  private let core: RouterCore
  private var call: Call?
  private var size = 0
  /// The client's DATA that no command was given yet.
  private var waiting = ByteBuffer()
  private var hasEnded = false
  private var isWriting = false
  private var source: SourceReader?

  init(_ request: ClientRequest, _ shell: ShellNode, _ stream: ClientStream, _ core: RouterCore) {
    self.request = request
    self.shell = shell
    self.stream = stream
    self.core = core
  }

  func start() {
    do {
      call = try WireJSON.decode(Call.self, from: request.part(0))
    } catch {
      return stream.refuse(Failure(code: "protocol", message: "a call of put that cannot be read: \(error)"))
    }
    if let source = request.header.source {
      return OpenedSource.open(source, desk: core.fileDesk, loop: core.loop) { self.begin($0) }
    }
    struct Size: Decodable { var size: Int? }
    let announced = (try? WireJSON.decode(Size.self, from: request.part(0)))?.size ?? 0
    waiting = request.part(1)
    if announced <= waiting.readableBytes {
      hasEnded = true
      return writeOn()
    }
    stream.takeInput { bytes in
      if let bytes { self.waiting.writeImmutableBuffer(bytes) } else { self.hasEnded = true }
      if !self.isWriting { self.writeOn() }
    }
    writeOn()
  }

  private func begin(_ opened: Result<OpenedSource, Failure>) {
    switch opened {
    case .success(.whole(let content, _)):
      waiting = content
      hasEnded = true
      writeOn()
    case .success(.reader(let reader)):
      source = reader
      readOn(reader)
    case .failure(let failure): stream.refuse(failure)
    }
  }

  private func readOn(_ source: SourceReader) {
    source.read(Self.piece) { result in
      switch result {
      case .success(let piece):
        self.waiting = piece
        self.hasEnded = source.isAtEnd
        self.writeOn()
      case .failure(let failure): self.stream.refuse(failure)
      }
    }
  }

  private func writeOn() {
    guard let call, stream.isLive else { return }
    let isFirst = size == 0
    guard waiting.readableBytes > 0 || hasEnded else { return }
    let piece = Array(waiting.readableBytesView)
    waiting.clear()
    let path = ShellCommand.quoted(call.path)
    if piece.isEmpty, !isFirst { return finish() }
    isWriting = true
    size += piece.count
    let script = "cat \(isFirst ? ">" : ">>")\(path)" + (isFirst ? call.mode.map { "&&chmod \(ShellCommand.quoted($0)) \(path)" } ?? "" : "")
    core.run(ShellCommand(script: Array(script.utf8), stdin: piece), by: shell, for: stream) { answer in
      self.isWriting = false
      guard answer.rc == 0 else { return self.stream.refuse(answer.failure(call.path)) }
      if self.request.header.source == nil { self.stream.inputUsed(piece.count) }
      if piece.isEmpty { return self.finish() }
      if let source = self.source, !self.hasEnded { self.readOn(source) } else { self.writeOn() }
    }
  }

  private func finish() {
    struct Meta: Encodable { var path: String, size: Int }
    stream.reply(WireJSON.encode(Meta(path: call?.path ?? "", size: size)))
  }
}

/// A file of a place without Python on its way to the controller, in pieces.
final class ShellGet {
  private struct Call: Decodable { var path: String }
  private static let piece = 1_048_576

  private let request: ClientRequest
  private let shell: ShellNode
  private let stream: ClientStream
  private let core: RouterCore
  private var path = ""
  private var size = 0
  private var sink: FileSink?

  init(_ request: ClientRequest, _ shell: ShellNode, _ stream: ClientStream, _ core: RouterCore) {
    self.request = request
    self.shell = shell
    self.stream = stream
    self.core = core
  }

  func start() {
    guard let call = try? WireJSON.decode(Call.self, from: request.part(0)), let destination = request.header.destination else {
      return stream.refuse(shell.reason.adding("files come from there into files only"))
    }
    path = call.path
    sink = FileSink(
      path: destination, preserve: request.header.preserve, desk: core.fileDesk, client: stream, loop: core.loop)
    readOn()
  }

  private func readOn() {
    let name = ShellCommand.quoted(path)
    let script = "[ ! -d \(name) ]||{ echo \(name): Is a directory >&2;exit 1; }\nexec <\(name)||exit 1\ntail -c +\(size + 1)|head -c \(Self.piece)"
    core.run(ShellCommand(script: Array(script.utf8)), by: shell, for: stream) { answer in
      guard answer.rc == 0 else { return self.sink?.fail(answer.failure(self.path)) ?? () }
      self.size += answer.stdout.count
      guard !answer.stdout.isEmpty else {
        struct Meta: Encodable { var size: Int }
        self.sink?.end(meta: WireJSON.encode(Meta(size: self.size)))
        return
      }
      self.sink?.write(ByteBuffer(bytes: answer.stdout)) { self.readOn() }
    }
  }
}

extension ShellAnswer {
  /// What a command on a file said of it.
  fileprivate func failure(_ path: String) -> Failure {
    let said = String(decoding: stderr, as: UTF8.self).split(separator: "\n").last.map(String.init) ?? "exit status \(rc)"
    let isMissing = said.contains("No such file") || said.contains("nonexistent directory") || said.contains("Directory nonexistent")
    return Failure(code: isMissing ? "not_found" : "file", message: "\(path): \(said)")
  }
}
