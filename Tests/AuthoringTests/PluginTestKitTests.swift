import PluginTestKit
import Testing

/// A connection method of an author's, right but for what a test asks for.
private struct Acme: ConnectionPlugin {
  static let name = "acme"
  static let summary = "Reaches a host by acme-enter."
  static let options: [OptionDeclaration] = [
    .string("remote_addr", "The host.", vars: ["ansible_host"]), .secret("password", "What it asks for.", vars: ["ansible_password"]),
  ]
  var slot = "password"
  var argv: [LaunchPlan.Argument] = [.literal("acme-enter"), .bootstrapWords]
  var probes: [[String]]?

  func plan(_ options: Options, probes: [ProbeResult]?) throws -> LaunchPlan {
    guard let host = try options.string("remote_addr") else { throw PluginRefusal(message: "no host") }
    return LaunchPlan(
      argv: argv + [.literal(host)], prompts: options.has(secret: "password") ? PasswordPrompt.rules(send: slot) : [], description: "acme",
      probes: self.probes)
  }
}

private struct Shell: ModuleRunner {
  static let name = "shell"
  static let summary = "Runs sh."
  static let precedence = 150
  static let half = Array("def run(executor, program, files, call, arguments):\n    return 0\n".utf8)
  func recognises(_ source: UnsafeRawBufferPointer, path: String) -> Bool { source.first == UInt8(ascii: "#") }
  func plan(_ source: UnsafeRawBufferPointer, path: String) -> RunPlan { RunPlan(closure: .none, settings: ["path": path]) }
}

private struct Faulty: ConnectionPlugin {
  static let name = "Faulty!"
  static let summary = ""
  static let options: [OptionDeclaration] = [
    .string("one", "The first."), .string("one", "The second."), .string("Two", "In capitals.", vars: ["with blank"]), .string("three", ""),
    .init(name: "four", type: .int, description: "A secret number.", default: .int(4), secret: true), .string("five", "By ini.", ini: ["section"]),
    .string("six", "By the environment.", env: ["6"], aliases: ["five"]),
  ]
  func plan(_ options: Options, probes: [ProbeResult]?) throws -> LaunchPlan { LaunchPlan(argv: [.bootstrapWords], description: "") }
}

@Suite struct PluginTestKitTests {
  @Test func aPlanIsMadeOfJSON() throws {
    let plan = try launchPlan(of: Acme(), options: #"{"remote_addr":"10.1.2.3","has_password":true}"#)
    #expect(plan.argv == [.literal("acme-enter"), .bootstrapWords, .literal("10.1.2.3")] && !plan.prompts.isEmpty)
  }

  @Test func aRefusalIsThePlugins() {
    #expect(throws: PluginRefusal(message: "no host")) { try launchPlan(of: Acme(), options: "{}") }
  }

  @Test func aSlotThatNoOptionDeclaresIsAFault() {
    let error = #expect(throws: UnusablePlan.self) {
      try launchPlan(of: Acme(slot: "pin"), options: #"{"remote_addr":"x","has_password":true}"#)
    }
    #expect(error?.description.contains("pin") == true)
  }

  @Test func aPlanThatNoLauncherCouldCarryOutIsAFault() {
    #expect(throws: UnusablePlan.self) { try launchPlan(of: Acme(argv: [.literal("x")]), options: #"{"remote_addr":"x"}"#) }
  }

  @Test func theSecondPlanHasNoProbes() throws {
    let acme = Acme(probes: [["true"]])
    #expect(try launchPlan(of: acme, options: #"{"remote_addr":"x"}"#).probes == [["true"]])
    #expect(throws: UnusablePlan.self) {
      try launchPlan(of: acme, options: #"{"remote_addr":"x"}"#, probes: [.init(rc: 0, stdout: "", stderr: "")])
    }
  }

  @Test func aRunnersModulesAreTold() throws {
    #expect(try runPlan(of: Shell(), source: "#!/bin/sh\n", path: "/m")?.settings == ["path": "/m"])
    #expect(try runPlan(of: Shell(), source: "") == nil)
  }

  @Test func aDeclarationInOrderHasNoFaults() {
    #expect(declarationFaults(of: Acme.self) == [] && declarationFaults(of: Shell.self) == [])
  }

  @Test func eachFaultOfADeclarationIsASentence() {
    #expect(
      declarationFaults(of: Faulty.self) == [
        #"a name is lower case letters, digits, _ - and dots, a letter first, at most 64: "Faulty!""#, "there is no description",
        #""one" names two options"#, "option Two: a name is lower case letters, digits and _, and begins with a letter",
        #"option Two: "with blank" cannot be the name of a variable"#, "option three: there is no description",
        "option four: a secret is a string", "option four: a secret has no default: everybody may read it",
        #""five" names two options"#, #"option six: "6" cannot be the name of an environment variable"#,
      ])
  }
}
