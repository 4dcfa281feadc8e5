import Launch
import NIOCore
import Plans
import Routing
import Wire

/// Hops that were reached and have no Python. The node is not opened, which is what requests that need one are told;
/// its shell is kept, under the key of the route, for commands, files, and the next attempt.
extension RouterCore {
  /// Of a first hop.
  func keepShell(_ launched: LaunchedShell, _ plan: LaunchPlan, _ record: NodeRecord, because failure: Failure) {
    guard let key = tree[record.id]?.key else { return launched.terminate() }
    let shell = kept(key, plan, name: record.name, parent: nil, because: failure)
    shell.way = LocalShellWay(launched)
    launched.onOutput { [weak shell] bytes, isStderr in shell?.outputReceived(bytes, isStderr: isStderr) }
    launched.exit.assumeIsolated().whenComplete { [weak shell] _ in shell?.ended(because: Failure(launched.diagnose())) }
    remove(record.id, because: failure)
    shell.searchedInVain()
  }

  /// Of a node behind another.
  func keepShell(_ plan: LaunchPlan, _ record: NodeRecord, on parent: NodeRecord, because failure: Failure) {
    let header = shellHeader(plan, child: record.id, on: parent)
    guard let key = tree[record.id]?.key else { return }
    let shell = kept(key, plan, name: record.name, parent: parent.id, because: failure)
    shell.way = RemoteShellWay(child: record.id, node: shell, parent: parent, header: header, core: self)
    remove(record.id, because: failure)
    shell.searchedInVain()
  }

  /// The one that searched, or a new one.
  private func kept(
    _ key: ByteBuffer, _ plan: LaunchPlan, name: String, parent: UInt32?, because failure: Failure
  ) -> ShellNode {
    if let known = shells[key] { return known }
    let shell = ShellNode(name: name, plan: plan, parent: parent, because: failure)
    shells[key] = shell
    shell.whenGone = { [weak self, weak shell] in
      if let self, self.shells[key] === shell { self.shells[key] = nil }
    }
    log.debug("\(name) has no Python: its shell is kept")
    return shell
  }

  /// Has the shell look for a Python, for a node that is being opened.
  func searchAgain(in shell: ShellNode, _ hop: Hop, _ record: NodeRecord, behind parent: NodeRecord?) {
    shell.whenItMaySearch { failure in
      guard self.record(record.id) != nil else { return shell.searchedInVain() }
      // It has ended meanwhile: the hop is opened as if there had been none.
      guard failure == nil, let way = shell.way else { return self.plan(hop, for: record, behind: parent) }
      switch way {
      case let way as LocalShellWay: self.searchAgain(in: shell, way, hop, record)
      case let way as RemoteShellWay:
        guard let parent else { return }
        way.leave()
        let line = shell.searchLine()
        record.whenOpen { result in
          switch result {
          case .success: shell.becameNode()
          // Kept again by now, or gone.
          case .failure: if shell.way === way { shell.ended(because: Failure(code: "node_lost", message: shell.name)) }
          }
        }
        self.openBehind(parent, shell.plan, hop, record, shell: (way.child, line))
      default: return
      }
    }
  }

  private func searchAgain(in shell: ShellNode, _ way: LocalShellWay, _ hop: Hop, _ record: NodeRecord) {
    prepare(record, shell.plan, hop)
    way.shell.searchAgain(
      line: shell.searchLine(), core: agent.core, log: { self.said($0, of: record) }, takeover: takeover(of: record)
    ).assumeIsolated().whenComplete { result in
      switch result {
      case .success(let outcome):
        if case .node = outcome { shell.becameNode() }
        self.launched(outcome, shell.plan, hop, record)
      case .failure(let error):
        shell.ended(because: Failure(launch: error, hop: hop))
        self.remove(record.id, because: Failure(launch: error, hop: hop))
      }
    }
  }

  private func shellHeader(_ plan: LaunchPlan, child: UInt32, on parent: NodeRecord) -> ByteBuffer {
    let part = agent.part(plan.launchPart)
    return ByteBuffer(string: #"{"op":"shell","child":\#(child),"part":"\#(part.hash.hex)"}"#)
  }
}
