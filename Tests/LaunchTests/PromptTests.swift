import Glibc
import NIOCore
import Plans
import Testing

@testable import Launch

/// Stand-ins for what asks on the way, and for what never gets there.
struct PromptTests {
  let trial = Trial()
  let password = ["password": Secret("hunter2 $'\\é")]

  private static func asks(on source: String) -> [LaunchPlan.PromptRule] {
    [.init(match: .contains, text: "password:", then: .send(slot: "password"), on: source)]
  }

  /// As ssh and sudo do it: the prompt on the controlling terminal, three times at most.
  private static let onTerminal = """
    for n in 1 2 3; do
      printf 'Password: ' >/dev/tty; IFS= read -r p </dev/tty; echo >/dev/tty
      [ "$p" = "hunter2 $'\\\\é" ] && exec "$@"
      echo "Sorry, try again: $p" >/dev/tty
    done
    exit 1
    """

  @Test(arguments: [LaunchPlan.StdioShape.ttyBeside, .tty])
  func aPromptOnTheTerminalIsAnswered(_ shape: LaunchPlan.StdioShape) async throws {
    let plan = LaunchPlan.sh(Self.onTerminal, stdio: shape, prompts: Self.asks(on: "tty"))
    var node = try await trial.launch(plan, secrets: password)
    #expect(await node.text(6) == "HELLO;")
    _ = try await node.end()
  }

  @Test(arguments: [LaunchPlan.StdioShape.ttyBeside, .tty])
  func aWrongPasswordIsSentOnce(_ shape: LaunchPlan.StdioShape) async throws {
    let plan = LaunchPlan.sh(Self.onTerminal, stdio: shape, prompts: Self.asks(on: "tty"))
    let error = try await trial.failure(plan, secrets: ["password": Secret("wrong")])
    #expect(error.code == "authentication")
    #expect(
      error.message
        == "stand-in: the password was not accepted; last seen: Password:; Sorry, try again: <secret>; Password:")
  }

  @Test func aPromptOnStderrIsAnsweredOnStdin() async throws {
    let script = "printf 'Password: ' >&2; IFS= read -r p; [ \"$p\" = \"hunter2 $'\\\\é\" ] || exit 1; exec \"$@\""
    let plan = LaunchPlan.sh(script, stdio: .promptOnStderr, prompts: Self.asks(on: "stderr"))
    var node = try await trial.launch(plan, secrets: password)
    #expect(await node.text(6) == "HELLO;")
    _ = try await node.end()
    // No terminal there: su must not find one.
    let none = try await trial.failure(.sh("true </dev/tty || exit 7", stdio: .promptOnStderr))
    #expect(none.exit == .exited(7))
  }

  @Test func aPromptWithNoPasswordFailsAtOnce() async throws {
    let error = try await trial.failure(.sh(Self.onTerminal, stdio: .ttyBeside, prompts: Self.asks(on: "tty")))
    #expect(error.code == "authentication")
    #expect(error.hint == "Set ansible_become_password.")
  }

  @Test func rulesLog() async throws {
    let plan = LaunchPlan.sh(
      "echo 'Warning: old' >&2; sync; exec \"$@\"", prompts: [.init(match: .prefix, text: "warning", then: .log)])
    var node = try await trial.launch(plan)
    #expect(await node.text(6) == "HELLO;")
    _ = try await node.end()
    #expect(trial.logged.all == ["stand-in: Warning: old"])
  }

  @Test func aChildThatDiesIsExplained() async throws {
    let hints = [
      LaunchPlan.ErrorHint(contains: "no route", code: "unreachable", message: "there is no way", hint: "Look at the cable.")
    ]
    let plan = LaunchPlan.sh("echo starting; echo 'No route to host' >&2; exit 255", hints: hints)
    let error = try await trial.failure(plan)
    #expect(
      error
        == LaunchError(
          code: "unreachable", message: "stand-in: there is no way; last seen: No route to host",
          hint: "Look at the cable.", exit: .exited(255)))
    let unknown = try await trial.failure(.sh("echo starting; exec >&-; kill -9 $$"))
    #expect(unknown.message == "stand-in: ended with signal 9 before Python was started; last seen: starting")
  }

  @Test func whatCannotBeExecutedIsExplained() async throws {
    let ssh = LaunchPlan(argv: [.literal("no-such-ssh"), .bootstrapShellCommand], interpreter: .discover, description: "ssh to x")
    let error = try await trial.failure(ssh)
    #expect(error.code == "unreachable")
    #expect(error.message == "ssh to x: could not execute no-such-ssh: No such file or directory")
    let python = try await trial.failure(LaunchPlan(argv: [.bootstrapWords], description: "local"), python: ["/no/python"])
    #expect(python.code == "no_python")
    let env = try await trial.failure(
      LaunchPlan(argv: [.bootstrapWords], description: "local"), python: ["/usr/bin/env", "no-python"])
    #expect(env.code == "no_python")
    #expect(env.exit == .exited(127))
  }

  @Test(arguments: [LaunchPlan.StdioShape.pipes, .socketpair, .ttyBeside, .promptOnStderr, .tty])
  func aChildThatNeverSpeaksMeetsItsDeadline(_ shape: LaunchPlan.StdioShape) async throws {
    let error = try await trial.failure(.sh("printf 'Touch your key' >&2; read x; exit 1", stdio: shape, timeout: 2.5))
    #expect(error.code == "timeout")
    #expect(error.message == "stand-in: no Python was started within 2.5 s; last seen: Touch your key")
  }

  @Test(.timeLimit(.minutes(1))) func oneThatIgnoresEverythingIsKilled() async throws {
    // `failure` waits until the child was reaped.
    let error = try await trial.failure(
      .sh("trap '' TERM HUP; while :; do read x || :; read x </dev/null; done", stdio: .ttyBeside, timeout: 0.2))
    #expect(error.code == "timeout")
  }

  @Test func whoKeepsDescriptorsOpenDoesNotHideTheEnd() async throws {
    let plan = LaunchPlan.sh("sleep 60 & echo \"pid $!\" >&2; exit 3", stdio: .socketpair)
    let error = try await trial.failure(plan)
    #expect(error.exit == .exited(3))
    let sleeper = try #require(error.message.split(separator: " ").last.flatMap { pid_t($0) })
    #expect(kill(sleeper, SIGKILL) == 0)
  }

  @Test func anEndBetweenMarkerAndHelloIsExplained() async throws {
    let plan = LaunchPlan.sh("exec \"$@\"", stdio: .socketpair)
    var node = try await trial.launch(plan, core: "import nothing_like_this")
    #expect(await node.bytes.next() == nil)
    let error = try await node.child.diagnosis().get()
    #expect(error.code == "become")
    #expect(error.exit == .exited(1))
    #expect(error.message.hasSuffix("No module named 'nothing_like_this'"))
  }

  @Test func aCoreThatSaysNothingMeetsTheDeadline() async throws {
    var node = try await trial.launch(.sh("exec \"$@\"", timeout: 1), core: "import sys; sys.stdin.read()")
    #expect(await node.bytes.next() == nil)
    #expect(try await node.child.diagnosis().get().code == "timeout")
  }

  @Test func anEndAfterHelloIsANodeLost() async throws {
    var node = try await trial.launch(
      .sh("exec \"$@\""), core: "import os; os.write(1, b'HELLO;'); os.write(2, b'so long'); os._exit(4)")
    node.child.helloReceived()
    #expect(await node.text(6) == "HELLO;")
    #expect(try await node.child.exit.get() == .exited(4))
    let error = try await node.child.diagnosis().get()
    #expect(error == LaunchError(code: "node_lost", message: "stand-in: ended with exit status 4; last seen: so long", exit: .exited(4)))
  }
}
