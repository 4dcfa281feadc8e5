import Logging
import Routing
import Wire

/// Room for another node behind one that has as many as it may have.
extension RouterCore {
  /// Ends the youngest node behind `parent` that nobody uses, where there are as many as may be.
  func makeRoom(behind parent: NodeRecord) {
    let kept = Set(clients.values.compactMap(\.node))
    switch interpreterLimit.another(besides: tree[parent.id]?.children ?? [], isIdle: { isIdle($0, kept: kept) }) {
    case .open: break
    case .recycle(let youngest):
      log.debug("\(records[youngest]?.name ?? "a node") makes room behind \(parent.name)", metadata: ["node": "\(youngest)"])
      remove(youngest, because: Failure(code: "node_lost", message: "an idle interpreter was ended to make room for another"))
    case .exceed:
      log.info(
        "more than \(configuration.maximumInterpreters) interpreters behind \(parent.name), all in use: MITOGEN_MAX_INTERPRETERS is exceeded")
    }
  }

  /// - Parameter kept: nodes between two requests of one task.
  private func isIdle(_ id: UInt32, kept: Set<UInt32>) -> Bool {
    guard let record = records[id], case .open = record.state, record.streams.isEmpty, !kept.contains(id) else { return false }
    return tree[id]?.children.allSatisfy { isIdle($0, kept: kept) } ?? true
  }
}
