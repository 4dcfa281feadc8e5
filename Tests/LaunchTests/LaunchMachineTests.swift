import Plans
import Testing

@testable import Launch

struct LaunchMachineTests {
  static let cases: [LaunchVector] = try! ["marker", "prompts", "ends", "texts"]  // a broken vector file must stop the tests
    .flatMap { try Vectors.read("launch/\($0).json", as: [LaunchVector].self) }

  @Test(arguments: cases)
  func eachEventCausesItsActions(_ vector: LaunchVector) {
    var machine = LaunchMachine(vector)
    for (number, step) in vector.steps.enumerated() {
      #expect(machine.handle(step.event).map(\.withoutExit) == step.actions, "step \(number)")
    }
  }

  @Test(arguments: cases.filter { $0.whole != true })
  func itDoesNotMatterHowTheBytesArrive(_ vector: LaunchVector) {
    var machine = LaunchMachine(vector)
    for (number, step) in vector.steps.enumerated() {
      var actions: [LaunchMachine.Action] = []
      if case .output(let text, let source) = step.event {
        for byte in text.utf8 { actions += machine.outputReceived([byte], from: source).map(\.withoutExit) }
      } else {
        actions = machine.handle(step.event).map(\.withoutExit)
      }
      #expect(actions == step.actions, "step \(number)")
    }
  }

  @Test func noiseWithoutEndDoesNotFillTheMemory() {
    var machine = LaunchMachine(plan: LaunchPlan(argv: [.bootstrapWords], description: "x"), secrets: [:], marker: "MITO:0")
    let noise = [UInt8](repeating: UInt8(ascii: "M"), count: 65536)
    for _ in 0..<5 {
      #expect(machine.outputReceived(noise, from: .stdout) == [])
      #expect(machine.outputReceived(noise, from: .stderr) == [])
    }
    #expect(machine.said.utf8.count == Transcript.limit)
    #expect(machine.outputReceived(Array("MITO:0;".utf8), from: .stdout) == [.deliver(rest: [])])
  }

  @Test(arguments: [Double.infinity, .nan, -1, 1e300, 0]) func anyNumberMayBeATimeout(_ timeout: Double) {
    var machine = LaunchMachine(
      plan: LaunchPlan(argv: [.bootstrapWords], description: "x", timeout: timeout), secrets: [:], marker: "MITO:0")
    #expect(machine.deadlinePassed().count == 1)
  }

  @Test func aPlansHintExplainsAProgramThatIsNotThere() {
    let hint = LaunchPlan.ErrorHint(
      contains: "docker: No such file", code: "unreachable", message: "docker is not there", hint: "Install it.")
    let machine = LaunchMachine(
      plan: LaunchPlan(argv: [.literal("docker"), .bootstrapWords], hints: [hint], description: "docker to app"),
      secrets: [:], marker: "MITO:0")
    #expect(
      machine.couldNotStart(program: "docker", step: "execute", reason: "No such file or directory")
        == LaunchError(code: "unreachable", message: "docker to app: docker is not there", hint: "Install it."))
    #expect(
      machine.couldNotStart(program: "docker", step: "execute", reason: "Exec format error").message
        == "docker to app: could not execute docker: Exec format error")
  }

  @Test func aSecretIsNotPrinted() {
    let secrets = ["password": Secret("hunter2")]
    var dumped = ""
    dump(secrets, to: &dumped)
    let machine = LaunchMachine(
      plan: LaunchPlan(argv: [.bootstrapWords], description: "x"), secrets: secrets, marker: "MITO:0")
    for text in ["\(secrets)", String(reflecting: secrets), String(describing: secrets["password"]), dumped, "\(machine)"] {
      #expect(!text.contains("hunter2"))
    }
  }
}

extension LaunchMachine {
  init(_ vector: LaunchVector) {
    self.init(
      plan: vector.plan, secrets: vector.secrets, marker: FirstStage(nonce: vector.nonce, size: 1, isTerminal: false).marker,
      candidates: vector.candidates)
  }
}
