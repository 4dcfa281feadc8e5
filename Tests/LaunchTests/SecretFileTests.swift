import Glibc
import Plans
import Testing

@testable import Launch

/// Secrets for programs that read them from a file.
struct SecretFileTests {
  private static let log = LaunchPlan.PromptRule(match: .contains, text: "", then: .log, on: "stderr")

  /// It is told the path of the file; `script` begins with a node if the file is as it should be.
  private func plan(_ script: String) -> LaunchPlan {
    LaunchPlan(
      argv: [.literal("/bin/sh"), .literal("-c"), .literal(script), .literal("stand-in"), .secretFile(slot: "key"), .bootstrapWords],
      prompts: [Self.log], description: "stand-in")
  }

  private func path(_ trial: Trial) throws -> String {
    let line = try #require(trial.logged.all.first { $0.contains("/proc/") })
    return String(line.dropFirst("stand-in: ".count))
  }

  @Test func itIsThereUntilPythonRunsAndThisAccountAloneReadsIt() async throws {
    let trial = Trial()
    let script = """
      echo "$1" >&2; [ "$(stat -Lc %a-%u "$1")" = "600-$(id -u)" ] && [ "$(cat "$1")" = "two
      lines" ] || exit 9; shift; exec "$@"
      """
    var node = try await trial.launch(plan(script), secrets: ["key": Secret("two\nlines")])
    #expect(await node.text(6) == "HELLO;")
    #expect(access(try path(trial), R_OK) == -1)
    _ = try await node.end()
  }

  @Test func itGoesWithALaunchThatFails() async throws {
    let trial = Trial()
    let error = try await trial.failure(plan("echo \"$1\" >&2; exit 1"), secrets: ["key": Secret("hush\n")])
    #expect(error.exit == .exited(1))
    #expect(access(try path(trial), R_OK) == -1)
  }
}

struct LaunchRetriesTests {
  struct Vector: Decodable, Sendable, CustomTestStringConvertible {
    var name: String, retries: Int, code: String, pauses: [Int], count: Int
    var testDescription: String { name }
  }

  static let vectors = try! Vectors.read("launch/retries.json", as: [Vector].self)  // a broken file must stop the tests

  private func plan(_ retries: Int) -> LaunchPlan {
    LaunchPlan(argv: [.bootstrapWords], description: "x", timeout: 10, retries: retries)
  }

  @Test(arguments: vectors)
  func whatMayPassIsTriedAgainAfterGrowingPauses(_ vector: Vector) {
    var retries = LaunchRetries(plan(vector.retries))
    var pauses: [Int] = []
    while let pause = retries.failed(vector.code) { pauses.append(pause) }
    #expect(Array(pauses.prefix(vector.pauses.count)) == vector.pauses)
    #expect(pauses.count == vector.count)
  }

  @Test func allAttemptsTogetherHaveABound() {
    #expect(LaunchRetries.longest(plan(0)) == 10)
    #expect(LaunchRetries.longest(plan(3)) == 44)
    #expect(LaunchRetries.longest(LaunchPlan(argv: [], description: "x", timeout: 1e300)) == 86_400)
  }
}
