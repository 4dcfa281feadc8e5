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
  func run(
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
