import NIOCore
import Plans
import Testing

@testable import Launch

/// Real processes in each of the stdio shapes.
struct ShapeTests {
  static let shapes: [LaunchPlan.StdioShape] = [.pipes, .socketpair, .ttyBeside, .promptOnStderr, .tty]

  @Test(arguments: shapes)
  func aNodeStartsAndItsLinkCarriesEveryByte(_ shape: LaunchPlan.StdioShape) async throws {
    let trial = Trial()
    var node = try await trial.launch(.sh("exec \"$@\"", stdio: shape), initialBytes: "first;")
    #expect(await node.text(12) == "HELLO;first;")
    node.child.helloReceived()
    let all = (0..<4096).map { UInt8(truncatingIfNeeded: $0) }
    node.write(all)
    #expect(await node.read(all.count) == all)
    let exit = try await node.end()
    // On a terminal there is no EOF: its end is a hangup.
    #expect(exit == (shape == .tty ? .signalled(1) : .exited(0)))
    #expect(await node.bytes.next() == nil)
  }

  @Test(arguments: shapes)
  func muchPassesIntact(_ shape: LaunchPlan.StdioShape) async throws {
    let trial = Trial()
    var node = try await trial.launch(.sh("exec \"$@\"", stdio: shape))
    #expect(await node.text(6) == "HELLO;")
    var generator = SystemRandomNumberGenerator()
    let much = (0..<25_000).flatMap { _ in withUnsafeBytes(of: generator.next() as UInt64, Array.init) }
    node.write(much)
    #expect(await node.read(much.count) == much)
    _ = try await node.end()
  }

  @Test(arguments: ["dash", "bash", "zsh", "fish", "tcsh"])
  func aNodeStartsThroughAnyLoginShell(_ shell: String) async throws {
    let trial = Trial()
    let plan = LaunchPlan(
      argv: [.literal(shell), .literal("-c"), .bootstrapShellCommand], interpreter: .discover, description: shell)
    for python in [[Trial.python], nil] {
      var node = try await trial.launch(plan, python: python, candidates: ["python9.9", "it's", Trial.python])
      #expect(await node.text(6) == "HELLO;")
      #expect(try await node.end() == .exited(0))
    }
  }

  @Test func aNoisyProfileIsIgnored() async throws {
    let trial = Trial()
    var node = try await trial.launch(
      .sh("head -c 1000000 /dev/zero | tr '\\0' M; echo; echo MITO:; echo password: >&2; exec \"$@\"", stdio: .socketpair))
    #expect(await node.text(6) == "HELLO;")
    _ = try await node.end()
  }

  @Test(arguments: shapes)
  func nothingIsSentBeforeTheMarker(_ shape: LaunchPlan.StdioShape) async throws {
    let trial = Trial()
    // A profile that reads stdin: it finds nothing in 0.2 s.
    let profile = "import select,sys,os;got=select.select([0],[],[],0.2)[0];os.execvp(sys.argv[1],sys.argv[1:]) if not got else sys.exit(9)"
    let plan = LaunchPlan(
      argv: [.literal(Trial.python), .literal("-c"), .literal(profile), .bootstrapWords], stdio: shape,
      prompts: [.init(match: .contains, text: "password:", then: .send(slot: "password"))], description: "profile")
    var node = try await trial.launch(plan, secrets: ["password": Secret("hunter2")])
    #expect(await node.text(6) == "HELLO;")
    _ = try await node.end()
  }

  @Test func severalStartSideBySide() async throws {
    let trial = Trial()
    try await withThrowingTaskGroup(of: String.self) { group in
      for number in 0..<20 {
        group.addTask {
          var node = try await trial.launch(
            .sh("exec \"$@\"", stdio: ShapeTests.shapes[number % ShapeTests.shapes.count], timeout: 60))
          let text = await node.text(6)
          _ = try await node.end()
          return text
        }
      }
      for try await text in group { #expect(text == "HELLO;") }
    }
    try await trial.launcher.allEnded().get()
  }

  @Test func discoveryTakesTheFirstThatThereIs() async throws {
    let trial = Trial()
    let plan = LaunchPlan(argv: [.bootstrapWords], interpreter: .discover, description: "host")
    var node = try await trial.launch(plan, python: nil, candidates: ["python9.9", "/nowhere/python", Trial.python])
    #expect(await node.text(6) == "HELLO;")
    _ = try await node.end()
    let error = try await trial.failure(plan, python: nil, candidates: ["python9.9", "/nowhere/python"])
    #expect(error.code == "no_python")
    #expect(error.message == "host: no Python was found; looked for: python9.9, /nowhere/python")
  }

  @Test func aDirectHopTakesTheParentsPython() async throws {
    let trial = Trial()
    let plan = LaunchPlan(argv: [.bootstrapWords], interpreter: .direct, description: "local")
    var node = try await trial.launch(plan, python: nil, parentPython: Trial.python)
    #expect(await node.text(6) == "HELLO;")
    #expect(try await node.end() == .exited(0))
  }
}
