import Mitogen
import Testing

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
}
