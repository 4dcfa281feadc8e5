extension LaunchPlan {
  /// What a launcher relies on, and a plan does not hold.
  public struct Fault: Equatable, Sendable, CustomStringConvertible {
    public var item: String
    public var expected: String
    public var found: String

    public var description: String { "\(item): expected \(expected), found \(found)" }
  }

  /// The first fault of a plan that is carried out; `nil` where there is none.
  public var fault: Fault? {
    guard timeout > 0, timeout.isFinite else { return Fault(item: "timeout", expected: "more than 0", found: "\(timeout)") }
    if let probes {
      if probes.contains(where: { $0.first?.isEmpty ?? true }) {
        return Fault(item: "probes", expected: "commands", found: "an empty one")
      }
      if probes.joined().contains(where: { $0.utf8.contains(0) }) {
        return Fault(item: "probes", expected: "words without NUL", found: "one with NUL")
      }
      return nil
    }
    let places = argv.count { $0 == .bootstrapWords || $0 == .bootstrapShellCommand }
    guard places == 1 else { return Fault(item: "argv", expected: "one bootstrap element", found: "\(places)") }
    for case .literal(let word) in argv where word.utf8.contains(0) {
      return Fault(item: "argv", expected: "words without NUL", found: "one with NUL")
    }
    if case .literal("") = argv[0] { return Fault(item: "argv", expected: "a command", found: "an empty word") }
    guard let enter else { return nil }
    guard enter.pid > 0, enter.pid <= Int32.max else {
      return Fault(item: "enter.pid", expected: "a process", found: "\(enter.pid)")
    }
    guard [.pipes, .socketpair].contains(stdio) else {
      return Fault(item: "stdio", expected: "pipes or socketpair, with enter", found: stdio.rawValue)
    }
    return nil
  }

  /// The secrets that it names.
  public var slots: Set<String> {
    var slots: Set<String> = []
    for case .secretFile(let slot) in argv { slots.insert(slot) }
    for case .send(let slot) in prompts.map(\.then) { slots.insert(slot) }
    return slots
  }

  /// The slots that no option declares: nothing would ever be in them.
  public func undeclaredSlots(_ options: [OptionDeclaration]) -> [String] {
    let declared = Set(options.filter(\.secret).map(\.name))
    return slots.subtracting(declared).sorted()
  }
}
