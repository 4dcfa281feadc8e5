import Plans
import Registry
import Testing

/// The three methods as the router sees them: JSON in, plan out.
@Suite struct MethodTests {
  static func plan(_ method: String, _ options: String) throws -> LaunchPlan {
    try BuiltLibraries.registry.connectionMethod(named: method).plan(optionsJSON: Array(options.utf8))
  }

  @Test func localStartsTheBootstrapItself() throws {
    let plan = try Self.plan("local", #"{"name":"localhost","environment":{"A":"1","B":null},"directory":"/srv"}"#)
    #expect(plan.argv == [.bootstrapWords])
    #expect(plan.environment == ["A": "1", "B": nil])
    #expect(plan.directory == "/srv")
    #expect(plan.stdio == .socketpair)
    #expect(plan.interpreter == .discover)
  }
}
