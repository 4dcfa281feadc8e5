import DequeModule
import NIOCore
import Wire

/// What waits to be written on one link, in the order in which it goes: class by class, and within the files'
/// class stream by stream in turn, so that several large files share a link and none delays a call.
public struct FrameQueue: Sendable {
  private struct StreamKey: Hashable { var node: UInt32, stream: UInt32 }

  private var control = Deque<Frame>()
  private var calls = Deque<Frame>()
  private var blobs = Deque<Frame>()
  private var files: [StreamKey: Deque<Frame>] = [:]
  private var turns = Deque<StreamKey>()

  /// Bytes of payload and headers that wait.
  public private(set) var bytes = 0

  public init() {}

  public var isEmpty: Bool { bytes == 0 }

  public mutating func push(_ frame: Frame) {
    bytes += WireLimits.headerSize + frame.payload.readableBytes
    switch frame.flags.priority {
    case .control: control.append(frame)
    case .call: calls.append(frame)
    case .blob: blobs.append(frame)
    case .file:
      let key = StreamKey(node: frame.node, stream: frame.stream)
      if files[key] == nil { turns.append(key) }
      files[key, default: []].append(frame)
    }
  }

  public mutating func pop() -> Frame? {
    let frame = control.popFirst() ?? calls.popFirst() ?? blobs.popFirst() ?? popFile()
    if let frame { bytes -= WireLimits.headerSize + frame.payload.readableBytes }
    return frame
  }

  /// Drops what waits for a node whose link is gone, or for one of its streams.
  public mutating func removeAll(where goes: (Frame) -> Bool) {
    var kept = FrameQueue()
    while let frame = pop() {
      if !goes(frame) { kept.push(frame) }
    }
    self = kept
  }

  private mutating func popFile() -> Frame? {
    guard let key = turns.popFirst(), var queue = files.removeValue(forKey: key) else { return nil }
    let frame = queue.popFirst()
    if !queue.isEmpty {
      files[key] = queue
      turns.append(key)
    }
    return frame
  }
}
