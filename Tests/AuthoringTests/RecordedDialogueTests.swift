import FoundationEssentials
import PluginTestKit
import Testing

@Suite struct RecordedDialogueTests {
  private let plan = LaunchPlan(
    argv: [.literal("x"), .bootstrapWords], stdio: .ttyBeside,
    prompts: PasswordPrompt.rules(["password:"], send: "password", on: "tty"),
    hints: [.init(contains: "denied", code: "authentication", message: "the password was not accepted", hint: "check it")],
    description: "x")

  private func read(_ json: String) throws -> RecordedDialogue {
    try JSONDecoder().decode(RecordedDialogue.self, from: Data(json.utf8))
  }

  @Test func whatWasRecordedIsFoundAgain() throws {
    let dialogue = try read(
      """
      {"secrets": {"password": "hunter2"}, "steps": [
        {"event": {"tty": "Password: "}, "actions": [{"answer": "password", "to": "tty"}]},
        {"event": {"stderr": "denied\\n"}, "actions": []},
        {"event": {"exited": 1}, "actions": [{"fail": {"code": "authentication",
          "message": "x: the password was not accepted; last seen: Password: denied", "hint": "check it"}}]}]}
      """)
    #expect(dialogue.difference(with: plan) == nil)
  }

  @Test func theFirstStepThatDiffersIsTold() throws {
    let dialogue = try read(
      """
      {"secrets": {"password": "hunter2"}, "steps": [
        {"event": {"stderr": "hello\\n"}, "actions": []},
        {"event": {"tty": "Passphrase: "}, "actions": [{"answer": "password", "to": "tty"}]}]}
      """)
    let difference = try #require(dialogue.difference(with: plan))
    #expect(difference.step == 2 && difference.found == [] && !difference.isBytewise)
    #expect("\(difference)" == "step 2: expected the answer password on tty, found nothing")
  }

  /// Whole, it is a line about passwords; byte by byte, it asks for one before its end comes.
  @Test func aTextThatIsAPromptForAWhileIsTold() {
    let dialogue = RecordedDialogue(
      secrets: ["password": "hunter2"], steps: [.init(.output("The password: none is needed.\n", .tty), [])])
    #expect(dialogue.difference(with: plan)?.isBytewise == true)
  }

  @Test func aRecordSurvivesItsFile() throws {
    let steps: [RecordedDialogue.Step] = [
      .init(.output("a", .stdout), [.log("b")]), .init(.output("c", .stderr), [.answer(slot: "d", to: .stdin)]),
      .init(.output("e", .tty), [.deliver(rest: Array("f".utf8))]), .init(.python, [.ready]),
      .init(.ended(.exited(3)), [.fail(.init(code: "g", message: "h", hint: "i"))]),
      .init(.ended(.signalled(9)), [.keepShell(.init(code: "j", message: "k", hint: "l"))]), .init(.deadline, []), .init(.hello, []),
      .init(.again, []),
    ]
    let dialogue = RecordedDialogue(secrets: ["m": "n"], steps: steps)
    #expect(try JSONDecoder().decode(RecordedDialogue.self, from: JSONEncoder().encode(dialogue)) == dialogue)
  }

  @Test(arguments: [#"{"steps":[{"event":{"tyy":"x"},"actions":[]}]}"#, #"{"steps":[{"event":{"tty":"x"},"actions":[{"anser":"x"}]}]}"#])
  func aWordThatIsNoneIsRefused(_ json: String) {
    #expect(throws: DecodingError.self) { try read(json) }
  }
}
