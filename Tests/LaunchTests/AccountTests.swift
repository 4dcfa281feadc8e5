import Glibc
import NIOPosix
import Plans
import Testing

@testable import Launch

/// The real sudo and su, with an account that is made for the test and removed again. Root only (Tests/expected-skips).
@Suite(.enabled(if: getuid() == 0, "makes an account"), .serialized)
struct AccountTests {
  static let password = "it's $ecret \\ ☃"
  private static let rules: [LaunchPlan.PromptRule] = [
    .init(match: .contains, text: "password", then: .send(slot: "password")),
    .init(match: .contains, text: "Sorry", then: .log),
  ]

  /// As `name`, which may use sudo with its password.
  private func withAccount(options: String = "", _ body: (_ name: String) async throws -> Void) async throws {
    let name = "launch\(getpid())"
    let file = "/etc/sudoers.d/\(name)"
    let made = try await shell(
      """
      useradd -M -N -d / -s /bin/sh \(name) && printf '%s:%s\\n' \(name) "$SECRET" | chpasswd &&
      printf '%s\\n' 'Defaults:\(name) timestamp_timeout=0,!lecture\(options)' '\(name) ALL=(ALL) ALL' >\(file) && chmod 440 \(file)
      """)
    let result = await Result { if made == .exited(0) { try await body(name) } }
    let removed = try await shell("rm -f \(file); userdel \(name)")
    #expect(made == .exited(0))
    #expect(removed == .exited(0))
    try result.get()
  }

  private func shell(_ script: String) async throws -> ChildExit {
    let stdio = try ChildStdio(.pipes)
    let request = SpawnRequest(
      argv: ["/bin/sh", "-c", script],
      environment: SpawnRequest.environment(changes: ["SECRET": Self.password, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]))
    let process = try request.spawn(
      stdio: (stdio.child.input.number, stdio.child.output.number, stdio.child.error.number), terminal: nil)
    stdio.closeChildEnds()
    return try await ChildReaper.shared.reap(process, on: MultiThreadedEventLoopGroup.singleton.next()).get()
  }

  private func plan(_ words: [String], _ bootstrap: LaunchPlan.Argument, _ stdio: LaunchPlan.StdioShape) -> LaunchPlan {
    LaunchPlan(
      argv: words.map { .literal($0) } + [bootstrap], environment: ["LC_ALL": "C.UTF-8"], stdio: stdio, prompts: Self.rules,
      description: words.joined(separator: " "))
  }

  private func carriesMuch(_ plan: LaunchPlan) async throws {
    let trial = Trial()
    var node = try await trial.launch(plan, secrets: ["password": Secret(Self.password)])
    #expect(await node.text(6) == "HELLO;")
    node.child.helloReceived()
    let much = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    node.write(much)
    #expect(await node.read(much.count) == much)
    #expect(try await node.end() == .exited(0))
  }

  @Test(arguments: ["", ",use_pty", ",use_pty,requiretty,log_input,log_output"])
  func sudoAsksOnTheTerminal(_ options: String) async throws {
    try await withAccount(options: options) { name in
      try await carriesMuch(plan(["runuser", "-u", name, "--", "sudo", "-u", "root", "--"], .bootstrapWords, .ttyBeside))
    }
  }

  @Test func sudoAsksOnStderr() async throws {
    try await withAccount { name in
      try await carriesMuch(plan(["runuser", "-u", name, "--", "sudo", "-S", "--"], .bootstrapWords, .promptOnStderr))
    }
  }

  @Test func sudoRefusesAWrongPassword() async throws {
    try await withAccount { name in
      let sudo = plan(["runuser", "-u", name, "--", "sudo", "--"], .bootstrapWords, .ttyBeside)
      let trial = Trial()
      let error = try await trial.failure(sudo, secrets: ["password": Secret("wrong")])
      #expect(error.code == "authentication")
      #expect(error.message.contains("the password was not accepted"))
      #expect(try await trial.failure(sudo).message.contains("needs a password, none was given"))
    }
  }

  @Test(arguments: [LaunchPlan.StdioShape.promptOnStderr, .ttyBeside])
  func suAsks(_ shape: LaunchPlan.StdioShape) async throws {
    try await withAccount { name in
      try await carriesMuch(plan(["runuser", "-u", name, "--", "su", name, "-c"], .bootstrapShellCommand, shape))
    }
  }
}

extension Result where Failure == any Error {
  fileprivate init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}
