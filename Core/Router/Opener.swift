import Launch
import Logging
import Modules
import NIOCore
import Plans
import Registry
import Routing
import Wire

/// Opening nodes: a hop's plan comes from its plugin; the first hop is launched from here, one behind another by
/// the agent of its parent, which is told in one request. Nothing here waits: what is sent to a node meanwhile
/// queues behind its opening and leaves with it.
extension RouterCore {
  /// Seconds that a parent has to report what became of a hop, beyond the hop's own time.
  private static let graceOfParent = 5.0

  func open(_ bytes: ByteBuffer, key: ByteBuffer, behind parent: NodeRecord?) throws(Failure) -> NodeRecord {
    let hop: Hop
    do {
      hop = try WireJSON.decode(Hop.self, from: bytes)
    } catch {
      throw Failure(code: "protocol", message: "a hop of the route is not what Core/PROTOCOL.md says: \(error.message)")
    }
    let node = tree.add(key: key, parent: parent?.id)
    let link =
      parent?.link
      ?? LinkHandler(name: hop.name, peer: .node, node: node.id, keepalive: hop.keepalive, loop: loop)
    let record = NodeRecord(id: node.id, name: hop.name, link: link)
    add(record)
    if parent == nil {
      link.events = self
      record.releaseOutbox()
    } else {
      link.machine.allow(node: node.id)
    }
    log.debug("opening \(hop.name) by \(hop.method)", metadata: ["node": "\(node.id)"])
    let begin = {
      if let shell = self.shells[key] {
        self.searchAgain(in: shell, hop, record, behind: parent)
      } else {
        self.plan(hop, for: record, behind: parent)
      }
    }
    if configuration.nodesKeepLogFiles { askForLogFile(of: record) }
    if gate.enter(node.id) {
      begin()
    } else {
      waitingToOpen[node.id] = begin
    }
    return record
  }

  /// The node is open or gone: its place goes to the next that waits.
  func openingEnded(_ id: UInt32) {
    guard let next = gate.done(id) else { return }
    waitingToOpen.removeValue(forKey: next)?()
  }

  func plan(_ hop: Hop, for record: NodeRecord, behind parent: NodeRecord?) {
    askPlugin(hop, probes: nil, for: record) { plan in
      guard plan.probes != nil else { return self.carryOut(plan, hop, record, behind: parent) }
      // The hop's time begins when there is somebody to spend it.
      guard let parent else { return self.planAgain(plan, hop, record, behind: nil) }
      parent.whenOpen { result in
        switch result {
        case .success: self.planAgain(plan, hop, record, behind: parent)
        case .failure(let failure): self.remove(record.id, because: failure)
        }
      }
    }
  }

  /// Runs what the plugin wants to know, and asks it again.
  private func planAgain(_ asking: LaunchPlan, _ hop: Hop, _ record: NodeRecord, behind parent: NodeRecord?) {
    let begun = NIODeadline.now()
    probe(asking, behind: parent, since: begun) { result in
      guard self.record(record.id) != nil else { return }
      switch result {
      case .success(let results):
        self.askPlugin(hop, probes: Array(WireJSON.encode(results).readableBytesView), for: record) { plan in
          var plan = plan
          plan.timeout = plan.seconds(leftSince: begun)
          self.carryOut(plan, hop, record, behind: parent)
        }
      case .failure(let failure): self.remove(record.id, because: failure)
      }
    }
  }

  private func askPlugin(
    _ hop: Hop, probes: [UInt8]?, for record: NodeRecord, _ planned: @escaping (LaunchPlan) -> Void
  ) {
    let registry = self.registry
    let options = hop.pluginOptions()
    desk.runIfActive(eventLoop: loop) { () -> Result<LaunchPlan, Failure> in
      do {
        let method = try registry.connectionMethod(named: hop.method)
        return .success(try method.plan(optionsJSON: options, probesJSON: probes))
      } catch {
        return .failure(Failure.ofPlugin(error, hop: hop))
      }
    }.assumeIsolated().whenComplete { result in
      switch result {
      case .success(.success(let plan)):
        guard self.record(record.id) != nil else { return }
        planned(plan)
      case .success(.failure(let failure)): self.remove(record.id, because: failure)
      case .failure: self.remove(record.id, because: Failure(code: "internal", message: "the router is shutting down"))
      }
    }
  }

  private func carryOut(_ plan: LaunchPlan, _ hop: Hop, _ record: NodeRecord, behind parent: NodeRecord?) {
    record.changesAccountOnly = plan.interpreter == .direct
    if let parent {
      openBehind(parent, plan, hop, record)
    } else {
      launch(plan, hop, record)
    }
  }

  // MARK: A first hop

  private func launch(_ plan: LaunchPlan, _ hop: Hop, _ record: NodeRecord) {
    prepare(record, plan, hop)
    attempt(plan, hop, record, LaunchRetries(plan))
  }

  /// What leaves first on the link of a first hop.
  func prepare(_ record: NodeRecord, _ plan: LaunchPlan, _ hop: Hop) {
    let link = record.link
    link.prepare(deflate: plan.leavesMachine)
    record.bundlePath = plan.leavesMachine ? .leavesMachine(readsLzma: !hop.isPython2) : .staysOnMachine
    link.send(
      Frame(
        .hello,
        payload: WireJSON.encode(hello(for: record, plan, hop))))
  }

  private func hello(for record: NodeRecord, _ plan: LaunchPlan, _ hop: Hop) -> RouterHello {
    RouterHello(
      node: record.id, deflate: plan.leavesMachine, keepalive: hop.keepalive, log: wantedLevel.rawValue,
      tidy: agent.part("tidy").hash.hex, surroundings: agent.part("surroundings").hash.hex)
  }

  /// - Parameter obstacle: why no Python could be run. Then a shell looks for one, which stays where there is none.
  private func attempt(
    _ plan: LaunchPlan, _ hop: Hop, _ record: NodeRecord, _ retries: LaunchRetries, after obstacle: LaunchError? = nil
  ) {
    guard self.record(record.id) != nil else { return }
    launcher.launch(
      plan: plan, secrets: hop.secrets.mapValues(Secret.init), python: hop.python, candidates: hop.candidates,
      parentPython: nil, core: agent.core, initialBytes: [], trial: obstacle != nil, log: { self.said($0, of: record) },
      takeover: takeover(of: record)
    ).assumeIsolated().whenComplete { result in
      switch result {
      case .success(let outcome): self.launched(outcome, plan, hop, record, after: obstacle)
      case .failure(let error):
        var retries = retries
        guard let reason = error as? LaunchError else { return self.remove(record.id, because: Failure(launch: error, hop: hop)) }
        if reason.code == "no_python", plan.interpreter == .discover, obstacle == nil {
          return self.attempt(plan, hop, record, retries, after: reason)
        }
        guard let pause = retries.failed(reason.code) else {
          return self.remove(record.id, because: Failure(reason.code == "no_python" ? obstacle ?? reason : reason))
        }
        self.said("\(reason.message); the next attempt follows in \(pause) s", of: record)
        self.loop.assumeIsolated().scheduleTask(in: .seconds(Int64(pause))) {
          self.attempt(plan, hop, record, retries, after: obstacle)
        }
      }
    }
  }

  func takeover(of record: NodeRecord) -> (any Channel) -> EventLoopFuture<Void> {
    { channel in
      channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(record.link) }
    }
  }

  func launched(
    _ outcome: LaunchOutcome, _ plan: LaunchPlan, _ hop: Hop, _ record: NodeRecord, after obstacle: LaunchError? = nil
  ) {
    switch outcome {
    case .shell(let shell, let reason): keepShell(shell, plan, record, because: Failure(obstacle ?? reason))
    case .node(let child):
      guard self.record(record.id) != nil else { return child.terminate() }
      record.launched = child
      // A process that it left behind may hold the link open.
      child.exit.assumeIsolated().whenSuccess { _ in
        record.link.close(because: Failure(code: "node_lost", message: child.diagnose().message))
      }
    }
  }

  func firstHopOpened(_ record: NodeRecord, hello: ByteBuffer) {
    record.launched?.helloReceived()
    if case .leavesMachine = record.bundlePath {
      let features = (try? WireJSON.decode(NodeHello.self, from: hello))?.features ?? []
      record.bundlePath = .leavesMachine(readsLzma: features.contains("lzma"))
    }
    record.opened(hello: hello)
    openingEnded(record.id)
    log.debug("\(record.name) is open", metadata: ["node": "\(record.id)"])
  }

  /// The link of a first hop ended: before HELLO the launcher knows best why.
  func firstHopEnded(_ id: UInt32, because failure: Failure) {
    guard let record = record(id) else { return }
    guard case .opening = record.state, let child = record.launched else { return remove(id, because: failure) }
    child.diagnosis().assumeIsolated().whenComplete { result in
      self.remove(id, because: (try? result.get()).map(Failure.init) ?? failure)
    }
  }

  // MARK: A node behind another

  /// - Parameter shell: what the parent has kept of an earlier attempt, and what to tell it.
  func openBehind(
    _ parent: NodeRecord, _ plan: LaunchPlan, _ hop: Hop, _ record: NodeRecord, shell: (child: UInt32, line: [UInt8])? = nil
  ) {
    // Every hop above the parent learns over which of its links the new node's frames go.
    let way = tree.path(to: parent.id)
    for (hop, next) in zip(way, way.dropFirst()) {
      self.record(hop)?.send(
        Frame(.route, node: hop, priority: .call, payload: WireJSON.encode(RouteNotice(child: record.id, via: next))))
    }
    let op = plan.enter == nil ? "open" : "enter"
    let part = agent.part(plan.launchPart)
    blobs.add(part)
    deliver([part.hash], to: parent.id)
    let header = OpenHeader(
      op: op, child: record.id, part: part.hash.hex, python: hop.python, candidates: hop.candidates, name: hop.name,
      shell: shell?.child, line: shell.map { String(decoding: $0.line, as: UTF8.self) })
    let stream = openStream(on: parent, receiver: OpeningReceiver(record: record, plan: plan, core: self))
    stream.request(
      Parts.encode(
        WireJSON.encode(header), WireJSON.encode(plan), WireJSON.encode(hop.secrets),
        ByteBuffer(),  // the parent has the core: it runs it
        WireJSON.encode(hello(for: record, plan, hop))))
    record.releaseOutbox()
    parent.whenOpen { result in
      if case .success = result { self.watchOpening(of: record, behind: parent, plan) }
    }
  }

  /// The parent keeps the time of a hop itself. This is for one that answers nothing any more.
  private func watchOpening(of record: NodeRecord, behind parent: NodeRecord, _ plan: LaunchPlan) {
    let seconds = LaunchRetries.longest(plan) + Self.graceOfParent
    loop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(seconds * 1000))) {
      guard case .opening = record.state else { return }
      self.remove(
        record.id,
        because: Failure(
          code: "timeout", message: "\(record.name) (\(plan.description)): nothing was heard of it from \(parent.name) within \(Int(seconds)) s",
          hint: "The node in between, or the way to it, does not answer any more."))
    }
  }
}

private struct RouteNotice: Encodable {
  var child: UInt32
  var via: UInt32
}

/// Header of `open` and `enter`.
private struct OpenHeader: Encodable {
  var op: String
  var child: UInt32
  var part: String
  var python: [String]?
  var candidates: [String]
  var name: String
  var shell: UInt32?
  var line: String?
}

extension LaunchPlan {
  /// The part of the agent that carries it out.
  var launchPart: String { enter == nil ? "launch" : "enter" }
}

/// The reply of `open` where there is no Python.
private struct ShellNotice: Decodable {
  var shell: Bool?
  var code: String
  var message: String
  var hint: String
}

/// Waits for the HELLO of a node that its parent opens.
private final class OpeningReceiver: StreamReceiving {
  private let record: NodeRecord
  private let plan: LaunchPlan
  private unowned let core: RouterCore
  private var assembler = MessageAssembler()

  init(record: NodeRecord, plan: LaunchPlan, core: RouterCore) {
    self.record = record
    self.plan = plan
    self.core = core
  }

  func frameReceived(_ frame: Frame, kind: FrameKind, on stream: NodeStream) {
    guard kind == .reply else { return }
    do {
      guard let message = try assembler.add(frame) else { return }
      guard let hello = try Parts.decode(message).first else { throw WireError(.malformed, "a reply without parts") }
      if let notice = try? WireJSON.decode(ShellNotice.self, from: hello), notice.shell == true {
        let failure = Failure(code: notice.code, message: notice.message, hint: notice.hint)
        return core.keepShell(plan, record, on: stream.node, because: failure)
      }
      record.opened(hello: hello)
      core.openingEnded(record.id)
    } catch {
      core.remove(record.id, because: Failure(code: "protocol", message: "\(record.name): \(error)"))
    }
  }

  func streamFailed(_ failure: Failure, on stream: NodeStream) {
    core.remove(record.id, because: failure)
  }
}
