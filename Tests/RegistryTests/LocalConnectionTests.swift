import Plans
import Testing

/// A method as the router sees it: JSON in, plan out, through the library.
func plan(_ method: String, _ options: String) throws -> LaunchPlan {
  try BuiltLibraries.registry.connectionMethod(named: method).plan(optionsJSON: Array(options.utf8))
}

/// The command line without the bootstrap.
func words(_ plan: LaunchPlan) -> [String] {
  plan.argv.compactMap { if case .literal(let word) = $0 { word } else { nil } }
}

@Suite struct LocalConnectionTests {
  @Test func theBootstrapIsTheWholeCommand() throws {
    let plan = try plan("local", #"{"name":"localhost"}"#)
    #expect(plan.argv == [.bootstrapWords])
    #expect(plan.environment.isEmpty && plan.directory == nil)
    #expect(plan.stdio == .socketpair && plan.interpreter == .discover && plan.timeout == 10 && !plan.leavesMachine)
  }

  @Test func environmentAndDirectoryOfThePlaybookAreReplayed() throws {
    let plan = try plan("local", #"{"name":"localhost","environment":{"A":"1","B":null},"directory":"/srv","timeout":3}"#)
    #expect(plan.environment == ["A": "1", "B": nil])
    #expect(plan.directory == "/srv" && plan.timeout == 3)
  }
}
