extension LaunchPlan {
  /// Where the child is put between fork and exec: into the namespaces and under the root of a process that is
  /// there already, as an account of what it finds there.
  ///
  /// The plan's `argv`, `directory` (else `/`) and interpreter are then meant in there. Its `environment` changes one
  /// that begins empty but for PATH and the account's HOME, USER, LOGNAME and SHELL. Namespaces that the parent shares
  /// with the process are left alone; a process that shares them all, and the root, is refused: its PID has come to
  /// name something else. The stdio shape is one without a terminal, whose name would mean another in there.
  public struct Enter: Codable, Equatable, Sendable {
    public enum Namespace: String, Codable, CaseIterable, Sendable {
      case ipc, uts, net, pid, mnt, user
    }

    /// The process, as the parent's own PID namespace numbers it.
    public var pid: Int
    public var namespaces: [Namespace]
    /// `USER` or `USER:GROUP`, each a name or a number of the container's own /etc/passwd and /etc/group.
    public var user: String

    public init(pid: Int, namespaces: [Namespace] = Namespace.allCases, user: String = "0") {
      self.pid = pid
      self.namespaces = namespaces
      self.user = user
    }

    private enum CodingKeys: String, CodingKey { case pid, namespaces, user }

    public init(from decoder: any Decoder) throws {
      let c = try decoder.container(keyedBy: CodingKeys.self)
      self.init(
        pid: try c.decode(Int.self, forKey: .pid),
        namespaces: try c.decodeIfPresent([Namespace].self, forKey: .namespaces) ?? Namespace.allCases,
        user: try c.decodeIfPresent(String.self, forKey: .user) ?? "0")
    }

    /// `user` in its two parts.
    public var account: (user: String, group: String?) {
      let parts = user.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      return (parts[0].isEmpty ? "0" : parts[0], parts.count > 1 && !parts[1].isEmpty ? parts[1] : nil)
    }
  }
}
