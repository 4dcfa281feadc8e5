import Console
import PluginTestKit
import Testing

@Suite struct ConsoleTests {
  private let asked = #"{"name":"switch1","port":"2007","has_login":true,"has_password":true}"#

  @Test func whatItDeclaresIsInOrder() {
    #expect(declarationFaults(of: ConsoleConnection.self) == [])
  }

  @Test func thePortMayBeAText() throws {
    let plan = try launchPlan(of: ConsoleConnection(), options: asked)
    #expect(plan.argv == [.literal("console"), .literal("switch1"), .literal("2007"), .bootstrapShellCommand])
  }

  @Test(arguments: [#"{"name":"x"}"#, #"{"name":"x","has_login":true,"port":0}"#, #"{"name":"-x","has_login":true}"#])
  func whatCannotBeReachedIsRefused(_ options: String) {
    #expect(throws: PluginRefusal.self) { try launchPlan(of: ConsoleConnection(), options: options) }
  }

  @Test func loginAndPasswordAreAnsweredOnTheLink() throws {
    let dialogue = RecordedDialogue(
      secrets: ["login": "admin", "password": "hunter2"],
      steps: [
        .init(.output("console server\r\nlogin: ", .stdout), [.answer(slot: "login", to: .stdin)]),
        .init(.output("Password: ", .stdout), [.answer(slot: "password", to: .stdin)]),
        .init(.output("\r\nLast login: yesterday\r\n$ ", .stdout), []),
        .init(.python, [.deliver(rest: [])]),
      ])
    #expect(dialogue.difference(with: try launchPlan(of: ConsoleConnection(), options: asked)) == nil)
  }
}
