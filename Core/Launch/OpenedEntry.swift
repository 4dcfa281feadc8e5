import CMitogenSystem
import Glibc
import Plans

/// The namespaces and the root that a child is to enter, opened by the parent; closed with this object.
final class OpenedEntry {
  let pointer: UnsafeMutablePointer<mitogen_entry>
  private let names: CStrings

  private init(_ pointer: UnsafeMutablePointer<mitogen_entry>, _ names: CStrings) {
    self.pointer = pointer
    self.names = names
    pointer.pointee.user = UnsafePointer(names.pointers[0])
    pointer.pointee.group = UnsafePointer(names.pointers[1])
  }

  deinit {
    mitogen_entry_close(pointer)
    pointer.deallocate()
  }

  static func open(_ enter: LaunchPlan.Enter) throws(SpawnRequest.Failure) -> OpenedEntry {
    let pointer = UnsafeMutablePointer<mitogen_entry>.allocate(capacity: 1)
    let wanted = enter.namespaces.reduce(UInt32(0)) { $0 | 1 << number(of: $1).rawValue }
    let error = mitogen_entry_open(pid_t(clamping: enter.pid), wanted, pointer)
    guard error == 0 else {
      pointer.deallocate()
      throw SpawnRequest.Failure(step: EntryObstacle.open.rawValue, number: error)
    }
    let (user, group) = enter.account
    // Without a group, the second is the NULL at the end.
    let entry = OpenedEntry(pointer, CStrings([user] + (group.map { [$0] } ?? [])))
    guard pointer.pointee.is_elsewhere != 0 else {
      throw SpawnRequest.Failure(step: EntryObstacle.here.rawValue, number: EXDEV)
    }
    return entry
  }

  private static func number(of namespace: LaunchPlan.Enter.Namespace) -> mitogen_namespace {
    switch namespace {
    case .ipc: MITOGEN_NAMESPACE_IPC
    case .uts: MITOGEN_NAMESPACE_UTS
    case .net: MITOGEN_NAMESPACE_NET
    case .pid: MITOGEN_NAMESPACE_PID
    case .mnt: MITOGEN_NAMESPACE_MNT
    case .user: MITOGEN_NAMESPACE_USER
    }
  }
}
