import Files
import NIOCore
import Wire

/// A copy from here to a node.
struct CopyToNode {
  let link: NodeLink
  let options: Session.CopyOptions
  let tally: CopyTally

  /// Batches whose answers are to come: some MiB, which fills a link of 180 ms at over 10 MiB a second.
  private static let batchesUnderWay = 16
  /// Large files at a time: while one is synced the next is sent.
  private static let filesUnderWay = 2

  func run(_ sources: [String], to path: String) throws {
    let place = try link.list([path], recursive: false)
    guard let root = place.roots.first, let there = place.entries.first else {
      throw Failure(code: "protocol", message: "the node did not say what is at \(path)")
    }
    guard sources.count == 1 || there.kind == .directory else {
      throw Failure(code: "file", message: "\(path) is no directory", hint: "Several sources go into one that is there.")
    }
    let plan = CopyPlan(items(of: sources, at: root, kind: there.kind))
    tally.begin(total: plan.bytes)
    for batch in plan.directoryBatches { try send([batch]) }
    try send(plan.batches)
    try send(large: plan.large)
    if options.preserve { try finish(plan.directories) }
  }

  private func items(of sources: [String], at root: String, kind: TreeEntry.Kind) -> [CopyPlan.Item] {
    sources.enumerated().flatMap { number, source in
      let target = CopyPlan.target(of: source, at: root, kind: kind)
      return LocalTree.entries(of: source, root: number, recursive: options.recursive).compactMap { entry -> CopyPlan.Item? in
        let item = CopyPlan.Item(
          entry: entry, source: CopyPlan.joined(source, entry.path), destination: CopyPlan.joined(target, entry.path))
        if let problem = item.problem(recursive: options.recursive) {
          tally.problem(problem)
          return nil
        }
        return item
      }
    }
  }

  // MARK: Batches

  private struct Call: Encodable {
    var entries: [Entry]
    var preserve: Bool
  }

  private struct Entry: Encodable {
    var kind: String
    var path: String
    var mode: String
    var mtime: Int
    var target: String?
    var sha256: String?

    init(_ item: CopyPlan.Item, kind: String? = nil) {
      self.kind = kind ?? item.entry.kind.rawValue
      path = item.destination
      mode = item.entry.mode
      mtime = item.entry.modified
      target = item.entry.kind == .link ? item.entry.detail : nil
    }
  }

  private struct Outcome: Decodable {
    struct Problem: Decodable { var path: String, message: String }
    var errors: [Problem]
  }

  private func send(_ batches: [[CopyPlan.Item]]) throws {
    var underWay = RequestsUnderWay(most: Self.batchesUnderWay)
    for batch in batches {
      var (entries, contents): ([Entry], [ByteBuffer]) = ([], [])
      for item in batch {
        var entry = Entry(item)
        if item.entry.kind == .file {
          do {
            let file = try SmallFile(item.source, limit: CopyPlan.smallFile)
            entry.sha256 = file.digest
            entry.mtime = file.state.modified
            contents.append(file.content)
          } catch {
            tally.problem(error.failure.message)
            continue
          }
        }
        entries.append(entry)
      }
      try send(entries, contents, of: batch, &underWay)
    }
    try underWay.finish()
  }

  private func send(
    _ entries: [Entry], _ contents: [ByteBuffer], of batch: [CopyPlan.Item], _ underWay: inout RequestsUnderWay
  ) throws {
    let call = WireJSON.encode(Call(entries: entries, preserve: options.preserve))
    try underWay.add(link.request(.init(op: "put_many"), [call] + contents)) { result in
      let outcome = try WireJSON.decode(Outcome.self, from: try result.get().first ?? ByteBuffer())
      for error in outcome.errors { tally.problem("\(error.path): \(error.message)") }
      for item in batch where item.entry.kind == .file { tally.finished(item.destination, bytes: item.entry.size) }
    }
  }

  private func finish(_ directories: [CopyPlan.Item]) throws {
    // Those within first: what is done in a directory changes its time.
    var rest = Array(directories.reversed())[...]
    while !rest.isEmpty {
      let batch = Array(rest.prefix(CopyPlan.batchFiles))
      rest = rest.dropFirst(batch.count)
      var underWay = RequestsUnderWay(most: 1)
      try send(batch.map { Entry($0, kind: "finish") }, [], of: batch, &underWay)
    }
  }

  // MARK: Large files

  private struct FileCall: Encodable {
    var path: String
    var size: Int
    var mode: String?
    var new_mode: String?
    var mtime: Int?
    var sparse = true
  }

  private func send(large items: [CopyPlan.Item]) throws {
    var underWay = RequestsUnderWay(most: Self.filesUnderWay)
    for item in items {
      let (entry, preserve, tally) = (item.entry, options.preserve, self.tally)
      let call = FileCall(
        path: item.destination, size: entry.size, mode: preserve ? entry.mode : nil,
        new_mode: preserve ? nil : entry.mode, mtime: preserve ? entry.modified : nil)
      let header = NodeLink.Header(op: "put", source: Here.absolute(item.source))
      let reply = link.request(header, [WireJSON.encode(call)]) { tally.moved($0, of: item.destination) }
      try underWay.add(reply) { result in
        if case .failure(let failure) = result { tally.problem("\(item.destination): \(failure)") }
        tally.finished(item.destination, bytes: entry.size)
      }
    }
    try underWay.finish()
  }
}

extension CopyPlan.Item {
  /// Why it is not copied; `nil` if it can be.
  func problem(recursive: Bool) -> String? {
    switch entry.kind {
    case .file, .link: nil
    case .directory: recursive ? nil : "\(source) is a directory, which is copied with -r only"
    case .other: "\(source) is no file, directory or link; left out"
    case .missing, .error: "\(source): \(entry.detail)"
    }
  }
}
