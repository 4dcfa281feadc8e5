import Launch
import NIOCore
import Plans
import Routing
import Wire

/// A plan's probes are run where its node will be started from: here for a first hop, else by the parent's agent, as
/// any command is. In turn, and all of them within the hop's time limit.
extension RouterCore {
  func probe(
    _ plan: LaunchPlan, behind parent: NodeRecord?, since begun: NIODeadline, _ done: @escaping (Result<[ProbeResult], Failure>) -> Void
  ) {
    var left = (plan.probes ?? [])[...]
    var results: [ProbeResult] = []
    func next() {
      guard let command = left.popFirst() else { return done(.success(results)) }
      let take = { (result: Result<ProbeResult, Failure>) in
        switch result {
        case .success(let result):
          results.append(result)
          next()
        case .failure(let failure): done(.failure(failure))
        }
      }
      let seconds = plan.seconds(leftSince: begun)
      if let parent {
        probe(command, plan, on: parent, within: seconds, take)
      } else {
        launcher.probe(command, of: plan, within: seconds).assumeIsolated().whenComplete { result in
          switch result {
          case .success(let result): take(.success(result))
          case .failure(let error as LaunchError): take(.failure(Failure(error)))
          case .failure(let error): take(.failure(Failure(code: "internal", message: "\(plan.description): \(error)")))
          }
        }
      }
    }
    next()
  }

  private func probe(
    _ command: [String], _ plan: LaunchPlan, on parent: NodeRecord, within seconds: Double,
    _ done: @escaping (Result<ProbeResult, Failure>) -> Void
  ) {
    if case .gone(let failure) = parent.state { return done(.failure(failure)) }
    let header = header("exec", part: "exec", for: parent)
    let call = ProbeCall(argv: command, environment: plan.environment, cwd: plan.directory, timeout: seconds)
    let stream = openStream(on: parent, receiver: ProbeReceiver(plan.description, done))
    stream.request(Parts.encode(header, WireJSON.encode(call), ByteBuffer(), ByteBuffer(string: "{}")))
  }
}

extension LaunchPlan {
  /// Of `timeout`, in whole seconds rounded up.
  func seconds(leftSince begun: NIODeadline) -> Double {
    let passed = Double((NIODeadline.now() - begun).nanoseconds) / 1e9
    return max((timeout - passed).rounded(.up), 1)
  }
}

/// `call` of `exec`.
private struct ProbeCall: Encodable {
  var argv: [String]
  var environment: [String: String?]
  var cwd: String?
  var timeout: Double
}

private final class ProbeReceiver: StreamReceiving {
  private let description: String
  private let done: (Result<ProbeResult, Failure>) -> Void
  private var assembler = MessageAssembler()

  init(_ description: String, _ done: @escaping (Result<ProbeResult, Failure>) -> Void) {
    self.description = description
    self.done = done
  }

  func frameReceived(_ frame: Frame, kind: FrameKind, on stream: NodeStream) {
    guard kind == .reply else { return }
    do {
      guard let message = try assembler.add(frame) else {
        return stream.grant(UInt32(clamping: frame.payload.readableBytes))
      }
      struct Meta: Decodable { var rc: Int }
      let parts = try Parts.decode(message)
      guard parts.count >= 3 else { throw WireError(.malformed, "a reply of \(parts.count) parts") }
      let rc = try WireJSON.decode(Meta.self, from: parts[0]).rc
      done(.success(ProbeResult(rc: rc, stdout: String(buffer: parts[1]), stderr: String(buffer: parts[2]))))
    } catch {
      done(.failure(Failure(code: "protocol", message: "\(description): \(error)")))
    }
  }

  func streamFailed(_ failure: Failure, on stream: NodeStream) {
    done(.failure(Failure(code: failure.code, message: "\(description): \(failure.message)", hint: failure.hint)))
  }
}
