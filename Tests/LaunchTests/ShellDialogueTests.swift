import Foundation
import Plans
import Testing

@testable import Launch

/// The conversation with a shell that stands where no Python is, with each kind of shell.
@Suite(.serialized) struct ShellDialogueTests {
  @Test(arguments: Shell.kinds) func aCommandIsAnsweredWithItsStatusAndItsOutput(_ kind: [String]) throws {
    let shell = try Shell(kind)
    #expect(shell.run("echo out; echo err >&2; exit 3") == answer(3, "out\n", "err\n"))
    #expect(shell.run("echo out; echo err >&2", merges: true) == answer(0, "out\nerr\n"))
    #expect(shell.run("printf '%s' 'two\nlines\n\n'") == answer(0, "two\nlines\n\n"))
    #expect(shell.run("nothing-like-this 2>/dev/null").map { $0.rc } == 127)
  }

  @Test(arguments: Shell.kinds) func bytesPassAsTheyAre(_ kind: [String]) throws {
    let shell = try Shell(kind)
    let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 / 256) } + [10, 0, 10]
    #expect(shell.run("cat", stdin: bytes)?.stdout == bytes)
    #expect(shell.run("head -c 2", stdin: [0, 255, 10])?.stdout == [0, 255])
  }

  @Test(arguments: Shell.kinds) func aCommandReadsNothingOfTheConversation(_ kind: [String]) throws {
    let shell = try Shell(kind)
    #expect(shell.run("cat; read x; echo read $?") == answer(0, "read 1\n"))
    #expect(shell.run("echo MITO:0123456789abcdef=0 1 1") == answer(0, "MITO:0123456789abcdef=0 1 1\n"))
  }

  @Test(arguments: Shell.kinds) func whatACommandLeavesRunningDisturbsNobody(_ kind: [String]) throws {
    let shell = try Shell(kind)
    let gate = shell.folder + "/gate"
    #expect(shell.run("mkfifo \(gate); (cat \(gate); echo late; echo late >&2) & echo now") == answer(0, "now\n"))
    #expect(shell.run("echo go >\(gate)") == answer(0, ""))
    #expect(shell.run("echo next") == answer(0, "next\n"))
  }

  @Test(arguments: Shell.kinds) func aCommandThatIsKilledDoesNotEndTheShell(_ kind: [String]) throws {
    let shell = try Shell(kind)
    #expect(shell.run("kill -9 $$")?.rc == 137)
    #expect(shell.run("echo next") == answer(0, "next\n"))
  }

  @Test(arguments: Shell.kinds) func aPromptIsAnsweredAndLeftOut(_ kind: [String]) throws {
    let shell = try Shell(kind)
    let ask = "printf 'Password: ' >&2; read p; [ \"$p\" = \"it's\" ] || { echo Sorry >&2; exit 1; }; echo SUCCESS; echo on >&2; exit 4"
    let rules = [
      LaunchPlan.PromptRule(match: .contains, text: "password:", then: .send(slot: "p")),
      LaunchPlan.PromptRule(match: .contains, text: "sorry", then: .fail(code: "become", message: "Incorrect", hint: "")),
    ]
    func command(_ secret: String, merges: Bool = false) -> ShellCommand {
      ShellCommand(
        script: Array(ask.utf8), merges: merges, prompts: rules, success: "SUCCESS", secrets: ["p": Secret(secret)])
    }
    #expect(shell.run(command("it's")) == answer(4, "SUCCESS\n", "on\n"))
    #expect(shell.run(command("it's", merges: true)) == answer(4, "\nSUCCESS\non\n"))
    #expect(shell.run(command("wrong")) == nil)
    #expect(shell.failure == LaunchError(code: "become", message: "Incorrect"))
  }

  @Test(arguments: Shell.kinds) func aSearchThatFindsAPythonGivesItTheLink(_ kind: [String]) throws {
    let shell = try Shell(kind)
    #expect(shell.run("echo here") == answer(0, "here\n"))
    #expect(shell.search() == "!")
    #expect(shell.run("echo '#!/bin/sh\nexec \(Trial.python) \"$@\"' >\(shell.candidate)") == answer(0, ""))
    #expect(shell.search() == "!")
    #expect(shell.run("chmod 755 \(shell.candidate)") == answer(0, ""))
    #expect(shell.search() == ";")
    #expect(shell.leftovers.isEmpty)
  }

  @Test(arguments: Shell.kinds) func whatRunsEndsWithTheShellWhenItIsToldTo(_ kind: [String]) throws {
    let shell = try Shell(kind)
    let pid = shell.folder + "/pid"
    shell.start("echo $$ >\(pid).new; mv \(pid).new \(pid); exec sleep 600")
    while !FileManager.default.fileExists(atPath: pid) { usleep(10_000) }
    let number = Int32(try String(contentsOfFile: pid, encoding: .utf8).dropLast()) ?? 0
    #expect(kill(number, 0) == 0)
    shell.endCommand()
    #expect(shell.waitForEnd(of: number))
    #expect(shell.leftovers.isEmpty)
  }

  @Test func noiseDoesNotFillTheMemoryNorHideAnAnswer() {
    var dialogue = ShellDialogue(nonce: "fedcba9876543210")
    _ = dialogue.run(ShellCommand(script: []))
    for _ in 0..<4 { #expect(dialogue.stdoutReceived([UInt8](repeating: UInt8(ascii: "M"), count: 100_000)) == []) }
    #expect(dialogue.heldBytes <= 4096)
    #expect(dialogue.stdoutReceived(Array("MITO:fedcba9876543210=0 0 0\n".utf8)).count == 1)
    let answered = dialogue.stdoutReceived(Array("MITO:fedcba9876543210=0 2 0\nok".utf8))
    #expect(answered == [.ended(answer(0, "ok"))])
  }

  @Test func withoutAToolThereAreNoCommands() throws {
    let shell = try Shell(["/bin/dash"], path: "/nowhere")
    #expect(shell.run("echo here") == nil)
    #expect(shell.useless?.hasPrefix("these are not there: head mkdir") == true)
  }
}

private func answer(_ rc: Int, _ stdout: String, _ stderr: String = "") -> ShellAnswer {
  ShellAnswer(rc: rc, stdout: Array(stdout.utf8), stderr: Array(stderr.utf8))
}

/// A shell that has looked for a Python in vain, and a dialogue with it.
private final class Shell {
  static let kinds = [["/bin/dash"], ["/bin/bash"], ["/bin/bash", "--posix"], ["/usr/bin/busybox", "sh"]]

  let folder: String
  let candidate: String
  private(set) var failure: LaunchError?
  private(set) var useless: String?
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private let errors = Pipe()
  private var dialogue = ShellDialogue(nonce: "fedcba9876543210")

  init(_ kind: [String], path: String? = nil) throws {
    signal(SIGPIPE, SIG_IGN)
    folder = FileManager.default.temporaryDirectory.path + "/shell-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    candidate = folder + "/python"
    let command = FirstStage(nonce: "0123456789abcdef", size: 1, isTerminal: false).trial(python: nil, candidates: [candidate])
    process.executableURL = URL(filePath: kind[0])
    process.arguments = Array(kind[1...] + command[1...])
    var environment = ProcessInfo.processInfo.environment
    environment["TMPDIR"] = folder
    if let path { environment["PATH"] = path }
    process.environment = environment
    process.standardInput = input
    process.standardOutput = output
    process.standardError = errors
    // A thread of the pool that runs the tests may block signals; a shell that inherits that waits for good for its children.
    var (none, before) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try process.run()
    #expect(marker() == "!")
  }

  deinit {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// What the shell has left of its own.
  var leftovers: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasPrefix(".mitogen") }
  }

  func run(_ script: String, stdin: [UInt8] = [], merges: Bool = false) -> ShellAnswer? {
    run(ShellCommand(script: Array(script.utf8), stdin: stdin, merges: merges))
  }

  /// `nil`: `failure` or `useless` says why.
  func run(_ command: ShellCommand) -> ShellAnswer? {
    var actions = dialogue.run(command)
    while true {
      for action in actions {
        switch action {
        case .write(let bytes): write(bytes)
        case .ended(let answer): return answer
        case .failed(let error):
          failure = error
          return nil
        case .useless(let reason):
          useless = reason
          return nil
        }
      }
      actions = next()
    }
  }

  func start(_ script: String) {
    guard run("true") != nil else { return }
    for case .write(let bytes) in dialogue.run(ShellCommand(script: Array(script.utf8))) { write(bytes) }
  }

  func search() -> String {
    write(dialogue.search())
    return marker()
  }

  func endCommand() {
    write(dialogue.end)
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// Nobody but the system's first process may wait for it, and takes its time.
  func waitForEnd(of pid: Int32) -> Bool {
    let deadline = ContinuousClock.now + .seconds(10)
    while kill(pid, 0) == 0 {
      let stat = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
      if stat.contains(") Z ") { return true }
      if ContinuousClock.now > deadline { return false }
      usleep(10_000)
    }
    return true
  }

  private func write(_ bytes: [UInt8]) {
    try? input.fileHandleForWriting.write(contentsOf: Data(bytes))
  }

  private func marker() -> String {
    var said = ""
    while !said.contains("MITO:0123456789abcdef") || !(said.hasSuffix("!") || said.hasSuffix(";")) {
      let data = output.fileHandleForReading.availableData
      if data.isEmpty { return "end after \(said)" }
      said += String(decoding: data, as: UTF8.self)
    }
    return String(said.suffix(1))
  }

  /// Waits for either descriptor.
  private func next() -> [ShellDialogue.Action] {
    var wanted = [output, errors].map { pollfd(fd: $0.fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0) }
    poll(&wanted, 2, 20_000)
    if wanted[1].revents & Int16(POLLIN) != 0 {
      return dialogue.stderrReceived(Array(errors.fileHandleForReading.availableData))
    }
    let bytes = Array(output.fileHandleForReading.availableData)
    if bytes.isEmpty { return [.failed(LaunchError(code: "node_lost", message: "the shell ended"))] }
    return dialogue.stdoutReceived(bytes)
  }
}
