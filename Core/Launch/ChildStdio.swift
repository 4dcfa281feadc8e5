import Plans

/// A shape's descriptors: the child's ends and ours. Who takes none of them closes all by letting go of this.
struct ChildStdio {
  /// Our side of the link.
  enum Link {
    case pipes(input: OwnedDescriptor, output: OwnedDescriptor)
    case socket(OwnedDescriptor)
    case terminal(OwnedDescriptor)
  }

  /// What become the child's descriptors 0, 1 and 2; ours only until it has them.
  private(set) var child: (input: OwnedDescriptor, output: OwnedDescriptor, error: OwnedDescriptor)
  private(set) var link: Link
  private(set) var stderr: OwnedDescriptor?
  /// The master of a terminal beside the link.
  private(set) var tty: OwnedDescriptor?
  /// The terminal's other side, which the launcher keeps open for as long as the child lives: with nobody there,
  /// reading the master fails with EIO, a prompt is lost, and NIO would close it, which hangs up the session.
  private(set) var slave: OwnedDescriptor?

  init(_ shape: LaunchPlan.StdioShape) throws(SystemError) {
    switch shape {
    case .tty:
      let terminal = try System.terminal(raw: true)
      child = (terminal.slave, terminal.slave, terminal.slave)
      link = .terminal(terminal.master)
      slave = terminal.slave
    case .socketpair:
      let (ours, theirs) = try System.socketPair()
      let errors = try System.pipe()
      child = (theirs, theirs, errors.writer)
      link = .socket(ours)
      stderr = errors.reader
    case .pipes, .promptOnStderr, .ttyBeside:
      let input = try System.pipe()
      let output = try System.pipe()
      let errors = try System.pipe()
      child = (input.reader, output.writer, errors.writer)
      link = .pipes(input: output.reader, output: input.writer)
      stderr = errors.reader
      if shape == .ttyBeside {
        let terminal = try System.terminal(raw: false)
        tty = terminal.master
        slave = terminal.slave
      }
    }
  }

  /// The child has its copies: ours would keep it from seeing, and us from seeing, an EOF.
  func closeChildEnds() {
    for end in [child.input, child.output, child.error] where end !== slave { end.close() }
  }
}
