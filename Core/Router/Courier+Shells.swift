import FoundationEssentials
import Launch
import NIOCore
import Plans
import Wire

/// Requests that need no Python, for a route whose last hop has none: commands, and files by commands.
extension RouterCore {
  /// - Returns: false for a request that only a node can serve.
  func serve(_ request: ClientRequest, by shell: ShellNode, for stream: ClientStream) -> Bool {
    switch request.header.op {
    case .exec: exec(request, by: shell, for: stream)
    case .put: ShellPut(request, shell, stream, self).start()
    case .get: ShellGet(request, shell, stream, self).start()
    default: return false
    }
    return true
  }

  private func exec(_ request: ClientRequest, by shell: ShellNode, for stream: ClientStream) {
    do {
      let call = try WireJSON.decode(ExecCall.self, from: request.part(0))
      // To converse with a command takes an agent.
      guard call.stream != true else { return stream.refuse(shell.reason) }
      let secrets =
        request.part(2).readableBytes > 0 ? try WireJSON.decode([String: Secret].self, from: request.part(2)) : [:]
      let command = call.command(stdin: Array(request.part(1).readableBytesView), secrets: secrets)
      if let obstacle = command.obstacle {
        return stream.refuse(shell.reason.adding(obstacle))
      }
      run(command, by: shell, for: stream) { answer in
        let stdout = call.tty == true ? answer.stdout.asFromTerminal : answer.stdout
        stream.reply(
          ByteBuffer(string: #"{"rc":\#(answer.rc)}"#), ByteBuffer(bytes: stdout), ByteBuffer(bytes: answer.stderr))
      }
    } catch {
      stream.refuse(Failure(code: "protocol", message: "a call of exec that cannot be read: \(error)"))
    }
  }

  /// Refuses the request where the command could not be run.
  fileprivate func run(
    _ command: ShellCommand, by shell: ShellNode, for stream: ClientStream, _ done: @escaping (ShellAnswer) -> Void
  ) {
    let id = shell.run(command) { result in
      stream.onCancel = nil
      switch result {
      case .success(let answer): done(answer)
      case .failure(let failure): stream.refuse(failure)
      }
    }
    stream.onCancel = { [weak shell] in shell?.cancel(id) }
  }
}

/// `call` of `exec`.
private struct ExecCall: Decodable {
  var argv: [String]?
  var command: String?
  var shell: String?
  var cwd: String?
  var environment: [String: String?]?
  var tty: Bool?
  var stream: Bool?
  var prompts: [Rule]?

  struct Rule: Decodable {
    struct Then: Decodable {
      struct Failure: Decodable { var code: String, message: String, hint: String? }
      var begin: Bool?
      var send: String?
      var fail: Failure?
    }
    var match: LaunchPlan.PromptRule.Match
    var text: String
    var prefix: String?
    var then: Then
  }

  func command(stdin: [UInt8], secrets: [String: Secret]) -> ShellCommand {
    // The last word is what a login shell says that it is: no path.
    let login = ["/bin/sh", "-c", #"exec "${SHELL:=/bin/sh}" -c "$0" "${SHELL##*/}""#, command ?? ""]
    let words = argv ?? shell.map { [$0, "-c", command ?? ""] } ?? login
    let rules = prompts ?? []
    return ShellCommand(
      script: ShellCommand.script(words, directory: cwd, environment: environment ?? [:]), stdin: stdin, merges: tty == true,
      prompts: rules.compactMap(\.rule), success: rules.first { $0.then.begin == true }?.text, secrets: secrets)
  }
}

extension ExecCall.Rule {
  fileprivate var rule: LaunchPlan.PromptRule? {
    if let slot = then.send { return LaunchPlan.PromptRule(match: match, text: text, prefix: prefix, then: .send(slot: slot)) }
    guard let failure = then.fail else { return nil }
    return LaunchPlan.PromptRule(
      match: match, text: text, prefix: prefix,
      then: .fail(code: failure.code, message: failure.message, hint: failure.hint ?? ""))
  }
}

extension ShellCommand {
  /// What it asks for and a shell without Python cannot give.
  fileprivate var obstacle: String? {
    !stdin.isEmpty && !secrets.isEmpty && !prompts.isEmpty ? "a command there gets a password or other input, not both" : nil
  }
}

extension [UInt8] {
  /// Each newline as a terminal passes it on.
  fileprivate var asFromTerminal: [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(count + count / 16)
    for byte in self {
      if byte == UInt8(ascii: "\n") { result.append(UInt8(ascii: "\r")) }
      result.append(byte)
    }
    return result
  }
}

/// A file on its way to a place without Python: in pieces, each of which a command writes behind the one before it.
/// Not atomic, as it is not with Ansible's own ways of transfer.
private final class ShellPut {
  private struct Call: Decodable {
    var path: String
    var mode: String?
  }

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
  private var file: FileReader?

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
      file = FileReader(path: source, desk: core.fileDesk, loop: core.loop)
      return readOn()
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

  private func readOn() {
    file?.next { result in
      switch result {
      case .success(let piece?):
        self.waiting = piece
        self.writeOn()
      case .success(nil):
        self.hasEnded = true
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
      self.stream.inputUsed(self.file == nil ? piece.count : 0)
      if piece.isEmpty { return self.finish() }
      if self.file == nil { self.writeOn() } else { self.readOn() }
    }
  }

  private func finish() {
    struct Meta: Encodable { var path: String, size: Int }
    stream.reply(WireJSON.encode(Meta(path: call?.path ?? "", size: size)))
  }
}

/// A file of a place without Python on its way to the controller, in pieces.
private final class ShellGet {
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
