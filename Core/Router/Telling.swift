import Logging
import NIOCore
import Wire

/// What nodes, and the programs on the way to them, have to tell: into the router's log, and to the clients that want it.
extension RouterCore {
  /// Lowest level of log records that anybody wants of a node.
  var wantedLevel: LogLevel {
    clients.values.reduce(LogLevel(configuration.logLevel)) { min($0, $1.logLevel) }
  }

  func logged(_ payload: ByteBuffer, by record: NodeRecord) {
    guard let entry = try? WireJSON.decode(LogRecord.self, from: payload) else { return }
    log.log(level: entry.level.loggerLevel, "\(record.name): \(entry.text)")
    tell(LogRecord(level: entry.level, logger: record.name, text: entry.text))
  }

  /// What a program on the way to a node, such as ssh, wrote beside the link.
  func said(_ text: String, of record: NodeRecord) {
    log.debug("\(text)")
    tell(LogRecord(level: .info, logger: record.name, text: text))
  }

  /// The first request to a node where the user wants log files: it goes out with what opens the node.
  func askForLogFile(of record: NodeRecord) {
    let part = agent.part("trace")
    blobs.add(part)
    deliver([part.hash], to: record.id)
    openStream(on: record, receiver: LogFileReceiver(log: log)).request(
      Parts.encode(WireJSON.encode(TraceHeader(part: part.hash.hex))))
  }

  /// To the clients that wait for an answer: the others read nothing more, or not yet. If there is none, to the next.
  private func tell(_ entry: LogRecord) {
    let listening = clients.values.filter { $0.isWaiting && $0.logLevel <= entry.level }
    for client in listening { client.link.send(Frame(.log, payload: WireJSON.encode(entry))) }
    guard listening.isEmpty else { return }
    if untold.count >= Self.untoldLimit { untold.removeFirst() }
    untold.append(entry)
  }

  /// A client has asked for something: it hears what came while nobody listened.
  func tellWhatIsLeft(to client: ClientConnection) {
    guard !untold.isEmpty else { return }
    for entry in untold where client.logLevel <= entry.level {
      client.link.send(Frame(.log, payload: WireJSON.encode(entry)))
    }
    untold.removeAll { client.logLevel <= $0.level }
  }

  /// Records; the oldest go first. What a crowd of nodes tells between two tasks.
  private static let untoldLimit = 256
}

private struct TraceHeader: Encodable {
  var op = "trace"
  var part: String
}

/// Says where a node's log file is, or why there is none. The node serves without one.
private final class LogFileReceiver: StreamReceiving {
  private struct Answer: Decodable { var path: String }
  private let log: Logger

  init(log: Logger) { self.log = log }

  func frameReceived(_ frame: Frame, kind: FrameKind, on stream: NodeStream) {
    guard let parts = try? Parts.decode(frame.payload), let first = parts.first,
      let answer = try? WireJSON.decode(Answer.self, from: first)
    else { return }
    log.debug("\(stream.node.name): its log file is \(answer.path) there")
  }

  func streamFailed(_ failure: Failure, on stream: NodeStream) {
    log.debug("\(stream.node.name): \(failure)")
  }
}
