import PluginTestKit
import Site
import Testing

@Suite struct SiteTests {
  @Test func whatTheyDeclareIsInOrder() {
    #expect(declarationFaults(of: SiteConnection.self) == [])
    #expect(declarationFaults(of: SiteAccount.self) == [])
    #expect(declarationFaults(of: SiteScript.self) == [])
  }

  @Test func theSitesDefaultsHold() throws {
    let plan = try launchPlan(of: SiteConnection(), options: #"{"name":"web1"}"#)
    #expect(
      plan.argv == [
        .literal("/opt/site/bin/site-enter"), .literal("--zone"), .literal("production"), .literal("web1"), .literal("--"),
        .bootstrapWords,
      ])
    #expect(plan.timeout == 30)
    #expect(try launchPlan(of: SiteAccount(), options: #"{"name":"web1"}"#).argv[1] == .literal("deploy"))
  }

  @Test func aHostMayBeInAnotherZone() throws {
    let plan = try launchPlan(of: SiteConnection(), options: #"{"name":"web1","zone":"test","folder":"/usr/bin"}"#)
    #expect(plan.argv.prefix(3) == [.literal("/usr/bin/site-enter"), .literal("--zone"), .literal("test")])
  }

  @Test func theSitesScriptsAreKnownByTheirMark() throws {
    #expect(try runPlan(of: SiteScript(), source: "#!/bin/sh\n# site-script\n")?.settings == ["zone": "production"])
    #expect(try runPlan(of: SiteScript(), source: "#!/bin/sh\n") == nil)
  }
}
