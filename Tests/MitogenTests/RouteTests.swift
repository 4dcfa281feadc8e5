import Plans
import Testing
import Wire

@testable import Mitogen

@Suite struct RouteTests {
  @Test(arguments: [
    ("local", [Route.Hop(method: "local")]),
    ("ssh://web1", [.init(method: "ssh", host: "web1")]),
    ("ssh://deploy@web1:2222", [.init(method: "ssh", user: "deploy", host: "web1", port: 2222)]),
    ("ssh://a@b@web1", [.init(method: "ssh", user: "a@b", host: "web1")]),
    ("ssh://[::1]:22", [.init(method: "ssh", host: "::1", port: 22)]),
    ("ssh://[fe80::1]", [.init(method: "ssh", host: "fe80::1")]),
    ("local/sudo", [.init(method: "local"), .init(method: "sudo")]),
    ("ssh://web1/sudo:root/", [.init(method: "ssh", host: "web1"), .init(method: "sudo", user: "root")]),
    (
      "ssh://web1/docker://app/sudo:app",
      [.init(method: "ssh", host: "web1"), .init(method: "docker", host: "app"), .init(method: "sudo", user: "app")]
    ),
    ("ssh://web1/community.docker.docker://app", [.init(method: "ssh", host: "web1"), .init(method: "community.docker.docker", host: "app")]),
  ])
  func routesAreReadAsTheyAreWritten(text: String, hops: [Route.Hop]) throws {
    #expect(try Route(text).hops == hops)
  }

  @Test(arguments: ["", "://web1", "ssh://", "ssh://web1:0", "ssh://web1:port", "ssh://web1:99999", "ssh web1", "ssh://:22"])
  func whatIsNoRouteIsRefusedWithTheReason(text: String) {
    #expect(throws: Route.Malformed.self) { try Route(text) }
  }

  private static let declared: [OptionDeclaration] = [
    .string("remote_addr", "", aliases: ["host"]), .string("remote_user", "", aliases: ["user"]), .int("port", ""),
  ]

  @Test func whatARouteSaysBecomesTheOptionsThatTakeIt() throws {
    #expect(try Route.Hop(method: "m").options(declared: Self.declared) == [:])
    #expect(
      try Route.Hop(method: "m", user: "deploy", host: "app", port: 22).options(declared: Self.declared)
        == ["remote_addr": "app", "remote_user": "deploy", "port": "22"])
  }

  @Test func whatAnsiblesVariableSetsTakesItToo() throws {
    let declared: [OptionDeclaration] = [
      .string("cell", "", vars: ["ansible_host", "ansible_cell"]), .string("account", "", vars: ["ansible_user"]), .int("door", "", vars: ["ansible_port"]),
    ]
    #expect(
      try Route.Hop(method: "m", user: "deploy", host: "app", port: 22).options(declared: declared)
        == ["cell": "app", "account": "deploy", "door": "22"])
    // A name says more.
    #expect(try Route.Hop(method: "m", host: "app").options(declared: declared + [.string("host", "")]) == ["host": "app"])
  }

  @Test func whatAMethodHasNoOptionForIsRefused() throws {
    let failure = try #require(throws: Failure.self) {
      try Route.Hop(method: "m", host: "app", port: 22).options(declared: [.string("host", "")])
    }
    #expect(failure.message == "the route gives m a port, 22, for which it has no option")
    #expect("\(failure)" == "the route gives m a port, 22, for which it has no option. leave it out; the options are listed by: mitogen plugins show m")
  }

  @Test func whatElseIsGivenHasTheNameOfAnOption() throws {
    #expect(
      try Route.Hop(method: "m", host: "app").options(declared: Self.declared, given: ["user": "deploy", "remote_addr": "other"])
        == ["remote_addr": "app", "remote_user": "deploy"])
    let failure = try #require(throws: Failure.self) {
      try Route.Hop(method: "m").options(declared: Self.declared, given: ["prot": "22"])
    }
    #expect("\(failure)" == "m has no option prot. its options are listed by: mitogen plugins show m")
  }
}
