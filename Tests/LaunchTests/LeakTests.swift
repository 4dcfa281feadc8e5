import Glibc
import Plans
import Testing

@testable import Launch

struct LeakTests {
  /// In a process of its own, since other tests open descriptors meanwhile.
  @Test func launchesLeaveNoDescriptorAndNoProcess() async {
    await #expect(processExitsWith: .success) {
      let trial = Trial()
      let password = ["password": Secret("x")]
      func round() async throws {
        for shape in ShapeTests.shapes {
          var node = try await trial.launch(.sh("exec \"$@\"", stdio: shape))
          _ = await node.text(6)
          _ = try await node.end()
          _ = try await trial.failure(.sh("exit 1", stdio: shape))
          _ = try await trial.failure(.sh("exec sleep 60", stdio: shape, timeout: 0.01))
          _ = try await trial.failure(
            .sh("printf password: >&2; exec sleep 60", stdio: shape, prompts: [
              .init(match: .contains, text: "password:", then: .fail(code: "become", message: "no", hint: ""))
            ]), secrets: password)
          _ = try await trial.failure(LaunchPlan(argv: [.literal("/nowhere"), .bootstrapWords], stdio: shape, description: "x"))
        }
        try await trial.launcher.allEnded().get()
        // Channels that were closed on the loop are gone when it comes round.
        try await trial.eventLoop.submit {}.get()
      }
      try await round()
      let before = descriptors()
      try await round()
      precondition(descriptors() == before, "\(descriptors()) descriptors after, \(before) before")
      precondition(waitpid(-1, nil, WNOHANG) == -1 && errno == ECHILD, "a child is left")
    }
  }
}

private func descriptors() -> Int {
  guard let folder = opendir("/proc/self/fd") else { return -1 }
  defer { closedir(folder) }
  var count = 0
  while readdir(folder) != nil { count += 1 }
  return count
}
