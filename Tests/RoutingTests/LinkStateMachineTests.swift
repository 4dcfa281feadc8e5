import NIOCore
import Testing
import Wire

@testable import Routing

private let hello = Frame(.hello, payload: ByteBuffer(string: #"{"mitogen":1}"#))

private func openLink(_ peer: LinkStateMachine.Peer, nodes: Set<UInt32> = []) throws -> LinkStateMachine {
  var machine = LinkStateMachine(peer: peer, nodes: nodes)
  _ = try machine.received(hello)
  return machine
}

private func refusal(_ frame: Frame, by machine: LinkStateMachine) -> WireError.Code? {
  var machine = machine
  do {
    _ = try machine.received(frame)
    return nil
  } catch {
    return error.code
  }
}

@Suite struct LinkStateMachineTests {
  @Test func helloComesFirstAndOnce() throws {
    let fresh = LinkStateMachine(peer: .node, nodes: [1])
    #expect(refusal(Frame(.log, node: 1), by: fresh) == .helloExpected)
    #expect(refusal(hello, by: try openLink(.node, nodes: [1])) == .malformed)
  }

  /// Everything that only the controller may send, from a node: the link ends.
  @Test(arguments: FrameKind.allCases.filter { !$0.travelsUp })
  func aNodeCannotSpeakAsTheController(kind: FrameKind) throws {
    #expect(refusal(Frame(kind, node: 1, stream: 1), by: try openLink(.node, nodes: [1])) == .wrongDirection)
  }

  @Test(arguments: FrameKind.allCases.filter { !$0.travelsDown })
  func aClientCannotSpeakAsANode(kind: FrameKind) throws {
    #expect(refusal(Frame(kind, stream: 1), by: try openLink(.client)) == .wrongDirection)
  }

  @Test func aNodeCannotSpeakInAnothersName() throws {
    let machine = try openLink(.node, nodes: [5])
    for node in [0, 1, 4, 6, UInt32.max] {
      #expect(refusal(Frame(.log, node: node), by: machine) == .wrongNode)
    }
    #expect(refusal(Frame(.log, node: 5), by: machine) == nil)
  }

  @Test func aNodeBehindIsHeardOnceItWasAllowedAndNoLongerAfter() throws {
    var machine = try openLink(.node, nodes: [5])
    machine.allow(node: 6)
    #expect(refusal(Frame(.reply, node: 6, stream: 1), by: machine) == nil)
    machine.forbid(node: 6)
    #expect(refusal(Frame(.reply, node: 6, stream: 1), by: machine) == .wrongNode)
  }

  @Test func aClientNamesNoNodeAndAStream() throws {
    let machine = try openLink(.client)
    #expect(refusal(Frame(.request, node: 3, stream: 1), by: machine) == .wrongDirection)
    #expect(refusal(Frame(.request, stream: 0), by: machine) == .wrongDirection)
    #expect(refusal(Frame(.request, stream: 1), by: machine) == nil)
  }

  @Test func anUnknownKindIsAnsweredAndTheLinkLives() throws {
    var machine = try openLink(.node, nodes: [1])
    let odd = Frame(node: 1, stream: 2, rawKind: 99, flags: [], payload: ByteBuffer())
    let answer = try machine.received(odd)
    let report = try machine.received(Frame(.unsupported, payload: ByteBuffer(integer: UInt8(99))))
    #expect(answer == .unsupported(kind: 99))
    #expect(report == .unsupportedByPeer(kind: 99))
    #expect(refusal(Frame(.log, node: 1), by: machine) == nil)
  }

  @Test func pingIsAnsweredWithItsBytesUpToALimit() throws {
    var machine = LinkStateMachine(peer: .node, nodes: [1])
    let bytes = ByteBuffer(repeating: 4, count: WireLimits.maximumPing)
    let answer = try machine.received(Frame(.ping, payload: bytes))
    #expect(answer == .pong(bytes))
    #expect(refusal(Frame(.ping, payload: ByteBuffer(repeating: 4, count: 65)), by: machine) == .malformed)
  }

  @Test func linkFramesAreForTheLink() throws {
    #expect(refusal(Frame(.ping, node: 1), by: try openLink(.node, nodes: [1])) == .malformed)
  }
}

@Suite struct KeepaliveTests {
  private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

  @Test func aSilentPeerIsAskedThenTakenForDead() {
    let keepalive = Keepalive(KeepaliveSettings(interval: 2, count: 3), now: start)
    #expect(keepalive.look(at: start + .seconds(1)) == .wait(until: start + .seconds(2)))
    #expect(keepalive.look(at: start + .seconds(2)) == .ping(until: start + .seconds(4)))
    #expect(keepalive.look(at: start + .seconds(5)) == .ping(until: start + .seconds(6)))
    #expect(keepalive.look(at: start + .seconds(6)) == .dead(silentFor: .seconds(6)))
  }

  @Test func anySignOfLifeStartsAgain() {
    var keepalive = Keepalive(KeepaliveSettings(interval: 2, count: 3), now: start)
    keepalive.heard(at: start + .seconds(5))
    #expect(keepalive.look(at: start + .seconds(6)) == .wait(until: start + .seconds(7)))
  }

  @Test func settingsThatWouldSpinDoNot() {
    let keepalive = Keepalive(KeepaliveSettings(interval: -1, count: 0), now: start)
    #expect(keepalive.look(at: start) == .wait(until: start + .milliseconds(100)))
  }
}
