import Glibc
import NIOCore
import NIOPosix
import Plans

/// One launch: carries the machine's actions out. On its event loop only.
///
/// Alive while its child is: the reaper's future holds it, its channels' handlers do not.
final class LaunchAttempt {
  /// After the descriptors are closed: an agent that cleans up needs some time, and does not heed TERM.
  static let graceBeforeTerm = TimeAmount.milliseconds(500)
  static let graceBeforeKill = TimeAmount.milliseconds(2500)
  /// Between the end of a link and the exit status that explains it.
  static let patienceForExit = TimeAmount.milliseconds(500)
  /// A day, in seconds: a plan's number may be anything.
  static let longestTimeout = 86_400.0

  let eventLoop: any EventLoop
  let plan: LaunchPlan
  private let secrets: [String: Secret]
  private var machine: LaunchMachine
  private var firstFlight: ByteBuffer?
  private var log: (String) -> Void
  private var takeover: ((any Channel) -> EventLoopFuture<Void>)?
  private var promise: EventLoopPromise<LaunchOutcome>?
  private(set) var launched: EventLoopFuture<LaunchOutcome>
  private let endedPromise: EventLoopPromise<Void>
  /// Succeeds when nothing of the launch is left: the child was reaped, or there never was one.
  var ended: EventLoopFuture<Void> { endedPromise.futureResult }

  private var process: SpawnRequest.Process?
  private let exitPromise: EventLoopPromise<ChildExit>
  private var exit: ChildExit?
  private var link: (any Channel)?
  private var linkHandler: LinkHandler?
  /// stderr and the terminal beside, with the descriptors that the channels own.
  private var spoken: [(source: LaunchMachine.Source, channel: any Channel, descriptor: Int32)] = []
  private var linkDescriptor: Int32 = -1
  private var slave: OwnedDescriptor?
  /// Until the marker, by which the child has read them.
  private var secretFiles: SecretFiles?
  private var deadline: Scheduled<Void>?
  private var reminders: [Scheduled<Void>] = []
  private var isTerminating = false
  /// Gets what a shell says, while there is one.
  var shellOutput: ((_ bytes: [UInt8], _ isStderr: Bool) -> Void)?

  init(
    eventLoop: any EventLoop, plan: LaunchPlan, secrets: [String: Secret], machine: LaunchMachine,
    firstFlight: ByteBuffer, log: @escaping (String) -> Void, takeover: @escaping (any Channel) -> EventLoopFuture<Void>
  ) {
    self.eventLoop = eventLoop
    self.plan = plan
    self.secrets = secrets
    self.machine = machine
    self.firstFlight = firstFlight
    self.log = log
    self.takeover = takeover
    let promise = eventLoop.makePromise(of: LaunchOutcome.self)
    self.promise = promise
    launched = promise.futureResult
    endedPromise = eventLoop.makePromise()
    exitPromise = eventLoop.makePromise()
  }

  // MARK: Starting

  /// - Parameter bootstrap: the command that the plan's bootstrap element stands for.
  func start(bootstrap: [String]) {
    var argv: [String] = []
    do {
      let files = try SecretFiles(plan, secrets)
      argv = files.commandLine(plan.argv, bootstrap: bootstrap)
      secretFiles = files
      let request = SpawnRequest(plan: plan, argv: argv)
      let stdio = try ChildStdio(plan.stdio)
      process = try request.spawn(
        stdio: (stdio.child.input.number, stdio.child.output.number, stdio.child.error.number),
        terminal: stdio.slave?.number)
      stdio.closeChildEnds()
      slave = stdio.slave
      childStarted(stdio)
    } catch {
      let reason = couldNotStart(error, program: argv.first ?? "")
      fail(reason)
      exitPromise.fail(reason)
      endedPromise.succeed(())
    }
  }

  private func childStarted(_ stdio: ChildStdio) {
    guard let process else { return }
    ChildReaper.shared.reap(process, on: eventLoop).assumeIsolated().whenSuccess { self.childEnded($0) }
    setDeadline()
    let terminal = plan.stdio == .tty
    let handler = LinkHandler(attempt: self, isTerminal: terminal)
    linkHandler = handler
    let bound = NIOLoopBound(handler, eventLoop: eventLoop)
    let opened = open(stdio.link) { channel in
      channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(bound.value) }
    }
    watch(opened) { self.link = $0 }
    if let stderr = stdio.stderr { read(stderr, as: .stderr) }
    if let tty = stdio.tty { read(tty, as: .tty) }
  }

  private func setDeadline() {
    let seconds = plan.timeout.isNaN ? 0 : min(max(plan.timeout, 0), Self.longestTimeout)
    deadline = eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(seconds * 1000))) { [weak self] in
      self?.deadlinePassed()
    }
  }

  private func open(
    _ link: ChildStdio.Link, initializer: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
  ) -> EventLoopFuture<any Channel> {
    switch link {
    case .socket(let socket):
      linkDescriptor = socket.number
      return ClientBootstrap(group: eventLoop).channelInitializer(initializer).withConnectedSocket(socket.take())
    case .pipes(let input, let output):
      linkDescriptor = input.number
      return NIOPipeBootstrap(group: eventLoop).channelInitializer(initializer)
        .takingOwnershipOfDescriptors(input: input.take(), output: output.take())
    case .terminal(let master):
      linkDescriptor = master.number
      return NIOPipeBootstrap(group: eventLoop).channelInitializer(initializer)
        .takingOwnershipOfDescriptor(inputOutput: master.take())
    }
  }

  private func read(_ descriptor: OwnedDescriptor, as source: LaunchMachine.Source) {
    let number = descriptor.number
    let handler = NIOLoopBound(SpokenHandler(attempt: self, source: source), eventLoop: eventLoop)
    let bootstrap = NIOPipeBootstrap(group: eventLoop)
      .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 4096))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(handler.value) }
      }
    let opened =
      source == .tty
      ? bootstrap.takingOwnershipOfDescriptor(inputOutput: descriptor.take())
      : bootstrap.takingOwnershipOfDescriptor(input: descriptor.take())
    watch(opened) { self.spoken.append((source, $0, number)) }
  }

  private func watch(_ opened: EventLoopFuture<any Channel>, _ body: @escaping (any Channel) -> Void) {
    opened.assumeIsolated().whenComplete { result in
      switch result {
      case .success(let channel):
        body(channel)
        if self.isTerminating { channel.close(promise: nil) }
      case .failure(let error):
        self.fail(LaunchError(code: "internal", message: "\(self.plan.description): no channel for the child: \(error)"))
      }
    }
  }

  // MARK: Events

  func outputReceived(_ bytes: [UInt8], from source: LaunchMachine.Source) {
    if case .shell = machine.phase, source != .tty { shellOutput?(bytes, source == .stderr) }
    perform(machine.outputReceived(bytes, from: source))
  }

  func helloReceived() {
    perform(machine.helloReceived())
  }

  private func deadlinePassed() {
    perform(machine.deadlinePassed())
  }

  private func childEnded(_ status: ChildExit) {
    exit = status
    reminders.forEach { $0.cancel() }
    reminders = []
    // What a dead child said is in the kernel already. Read it here rather than wait for an EOF that may never come:
    // a process that it left behind can hold the descriptors.
    for (source, channel, descriptor) in spoken where channel.isActive {
      outputReceived(System.readAvailable(descriptor), from: source)
    }
    if takeover != nil || machine.phase == .shell, let link, link.isActive {
      outputReceived(System.readAvailable(linkDescriptor), from: plan.stdio == .tty ? .tty : .stdout)
    }
    if case .waitingForHello = machine.phase {
      // HELLO may still be in the link, which is the router's to read. It ends with the child; if something else
      // holds it open, it is closed.
      reminders = [
        eventLoop.assumeIsolated().scheduleTask(in: Self.patienceForExit) { self.link?.close(promise: nil) }
      ]
    } else {
      perform(machine.childEnded(status))
    }
    closeSpoken()
    shellOutput = nil
    deadline?.cancel()
    exitPromise.succeed(status)
    endedPromise.succeed(())
  }

  // MARK: Actions

  private func perform(_ actions: [LaunchMachine.Action]) {
    for action in actions {
      switch action {
      case .answer(let slot, let destination): answer(slot, to: destination)
      case .deliver(let rest): handOver(rest: rest)
      case .keepShell(let error): keepShell(error)
      case .fail(let error): fail(error)
      case .log(let text): log(text)
      case .ready: deadline?.cancel()
      }
    }
  }

  private func answer(_ slot: String, to destination: LaunchMachine.Destination) {
    guard let secret = secrets[slot] else { return }
    let beside = spoken.first { $0.source == .tty }?.channel
    let channel = destination == .tty ? beside ?? link : link
    channel?.writeAndFlush(ByteBuffer(string: secret.reveal() + "\n"), promise: nil)
  }

  private func handOver(rest: [UInt8]) {
    guard let link, let process, let firstFlight, let takeover, !isTerminating else { return }
    self.takeover = nil
    self.firstFlight = nil
    secretFiles = nil
    linkHandler?.handOverBegins(rest: rest)
    link.write(firstFlight, promise: nil)
    let taken = takeover(link)
    link.flush()
    let child = LaunchedChild(pid: process.pid, channel: link, exit: exitPromise.futureResult, attempt: self)
    taken.hop(to: eventLoop).assumeIsolated().whenComplete { result in
      switch result {
      case .success:
        self.promise?.succeed(.node(child))
        self.promise = nil
        self.linkHandler?.handOverEnds()
        self.linkHandler = nil
      case .failure(let error):
        self.fail(LaunchError(code: "internal", message: "\(self.plan.description): the link was not taken over: \(error)"))
      }
    }
  }

  private func keepShell(_ error: LaunchError) {
    deadline?.cancel()
    firstFlight = nil
    takeover = nil
    secretFiles = nil
    promise?.succeed(.shell(LaunchedShell(exit: exitPromise.futureResult, attempt: self), error))
    promise = nil
  }

  /// The shell looks for a Python again, which gets this first flight.
  func searchAgain(
    line: [UInt8], firstFlight: ByteBuffer, log: @escaping (String) -> Void,
    takeover: @escaping (any Channel) -> EventLoopFuture<Void>
  ) -> EventLoopFuture<LaunchOutcome> {
    let promise = eventLoop.makePromise(of: LaunchOutcome.self)
    launched = promise.futureResult
    guard case .shell = machine.phase, !isTerminating, exit == nil else {
      promise.fail(diagnose())
      return launched
    }
    self.promise = promise
    self.firstFlight = firstFlight
    self.log = log
    self.takeover = takeover
    shellOutput = nil
    machine.searchBegan()
    setDeadline()
    write(line)
    return launched
  }

  func write(_ bytes: [UInt8]) {
    link?.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
  }

  private func fail(_ error: LaunchError) {
    promise?.fail(error)
    promise = nil
    terminate()
  }

  /// Before the marker the terminal goes at once: a program at its prompt ends only by a hangup, and one that runs as
  /// root heeds none of our signals. After it the link's EOF comes first, so that the agent can end in order.
  func terminate() {
    guard !isTerminating else { return }
    isTerminating = true
    deadline?.cancel()
    let hadStarted = takeover == nil
    takeover = nil
    firstFlight = nil
    secretFiles = nil
    link?.close(promise: nil)
    if !hadStarted { closeSpoken() }
    guard let process, exit == nil else { return }
    let loop = eventLoop.assumeIsolated()
    reminders = [
      loop.scheduleTask(in: Self.graceBeforeTerm) {
        self.closeSpoken()
        ChildReaper.shared.signal(process, SIGTERM)
      },
      loop.scheduleTask(in: Self.graceBeforeKill) { ChildReaper.shared.signal(process, SIGKILL) },
    ]
  }

  private func closeSpoken() {
    for (_, channel, _) in spoken { channel.close(promise: nil) }
    spoken = []
    slave?.close()
    slave = nil
  }

  // MARK: Why

  var said: String { machine.said }

  func diagnose() -> LaunchError {
    machine.diagnosis(exit: exit)
  }

  func diagnosis() -> EventLoopFuture<LaunchError> {
    let result = eventLoop.makePromise(of: LaunchError.self)
    if exit != nil || machine.failure != nil {
      result.succeed(diagnose())
      return result.futureResult
    }
    let impatience = eventLoop.assumeIsolated().scheduleTask(in: Self.patienceForExit) { result.succeed(self.diagnose()) }
    exitPromise.futureResult.assumeIsolated().whenComplete { _ in
      if self.exit != nil { impatience.cancel() }
      result.succeed(self.diagnose())
    }
    return result.futureResult
  }

  private func couldNotStart(_ error: any Error, program: String) -> LaunchError {
    switch error {
    case let failure as SpawnRequest.Failure:
      machine.couldNotEnter(failure) ?? machine.couldNotStart(program: program, step: failure.step, reason: failure.reason)
    case let failure as SystemError:
      LaunchError(code: "internal", message: "\(plan.description): \(failure.call): \(failure.reason)")
    case let failure as LaunchError: failure
    default: LaunchError(code: "internal", message: "\(plan.description): \(error)")
    }
  }
}

@available(*, unavailable)
extension LaunchAttempt: Sendable {}
