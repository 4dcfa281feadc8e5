import FoundationEssentials
import PluginKit

/// Reading what the tools answer. Pure.
extension ContainerKind {
  func leader(in result: ProbeResult, _ failure: ProbeFailure) throws(PluginRefusal) -> ContainerLeader {
    guard result.rc == 0 else { throw failure.ofTool(result) }
    let answer = Answer(result.stdout)
    switch self {
    case .docker, .podman: return try inspected(result.stdout, failure)
    case .lxc, .lxd, .incus, .machinectl:
      if let machine = answer["type"] ?? answer["class"], ["virtual-machine", "vm"].contains(machine) {
        throw failure.isMachine()
      }
      guard let text = answer["pid"] ?? answer["leader"], let pid = Int(text), pid > 0 else {
        let state = answer["state"] ?? answer["status"]
        guard let state else { throw failure.unreadable(result) }
        throw failure.isStopped(state)
      }
      return ContainerLeader(pid: pid, environment: environment)
    }
  }

  /// What the tools' own commands set, beside what each account has.
  private var environment: [String: String] {
    switch self {
    case .lxc: ["container": "lxc"]
    case .lxd, .incus: ["container": "lxc", "LANG": "C.UTF-8"]
    case .docker, .podman, .machinectl: [:]
    }
  }

  private func inspected(_ text: String, _ failure: ProbeFailure) throws(PluginRefusal) -> ContainerLeader {
    struct Inspected: Decodable {
      var pid: Int
      var status: String
      var user: String?
      var directory: String?
      var environment: [String]?
    }
    guard let found = try? JSONDecoder().decode(Inspected.self, from: Data(text.utf8)) else {
      throw failure.unreadable(ProbeResult(rc: 0, stdout: text, stderr: ""))
    }
    guard found.pid > 0 else { throw failure.isStopped(found.status) }
    var leader = ContainerLeader(pid: found.pid)
    if let user = found.user, !user.isEmpty { leader.user = user }
    if let directory = found.directory, !directory.isEmpty { leader.directory = directory }
    for entry in found.environment ?? [] {
      guard let equals = entry.firstIndex(of: "=") else { continue }
      leader.environment[String(entry[..<equals])] = String(entry[entry.index(after: equals)...])
    }
    return leader
  }
}

/// Lines of `NAME: VALUE` or `NAME=VALUE`, as the tools print them; those that begin with a blank belong to a list.
private struct Answer {
  private var values: [String: String] = [:]

  init(_ text: String) {
    for line in text.split(separator: "\n") where line.first?.isWhitespace == false {
      guard let mark = line.firstIndex(where: { $0 == ":" || $0 == "=" }) else { continue }
      let name = line[..<mark].lowercased()
      let value = line[line.index(after: mark)...].drop(while: \.isWhitespace)
      if values[name] == nil { values[name] = String(value) }
    }
  }

  subscript(name: String) -> String? { values[name] }
}
