import Files
import Glibc
import NIOCore
import Wire

/// A copy from a node to here. What the node says is checked before anything is made by it.
struct CopyFromNode {
  let link: NodeLink
  let options: Session.CopyOptions
  let tally: CopyTally

  /// Batches whose answers are to come: what they may hold is what the node has been asked for.
  private static let batchesUnderWay = 16
  private static let filesUnderWay = 2

  func run(_ sources: [String], to path: String) throws {
    let kind = LocalTree.kind(of: path)
    guard sources.count == 1 || kind == .directory else {
      throw Failure(code: "file", message: "\(path) is no directory", hint: "Several sources go into one that is there.")
    }
    let listing = try link.list(sources, recursive: options.recursive)
    let (entries, refused) = listing.sound
    for entry in refused { tally.problem("\(entry.path): the node's list has it where it cannot be; left out") }
    let items = entries.compactMap { entry -> CopyPlan.Item? in
      let root = listing.roots[entry.root]
      let target = CopyPlan.target(of: root, at: path, kind: kind)
      let item = CopyPlan.Item(
        entry: entry, source: CopyPlan.joined(root, entry.path), destination: CopyPlan.joined(target, entry.path))
      guard let problem = item.problem(recursive: options.recursive) else { return item }
      tally.problem(problem)
      return nil
    }
    // First all directories: so what is listed as a link cannot come to stand above what is written after it.
    let directories = items.filter { $0.entry.kind == .directory }
    let barred = directories.filter { item in !attempt { () throws(SystemFailure) in try makeDirectory(item) } }
    let plan = CopyPlan(
      items.filter { item in
        item.entry.kind != .directory && !barred.contains { item.destination.hasPrefix($0.destination + "/") }
      })
    tally.begin(total: plan.bytes)
    try fetch(plan.batches)
    try fetch(large: plan.large)
    if options.preserve { finish(directories) }
  }

  // MARK: Batches

  private struct Answer: Decodable {
    struct File: Decodable {
      var sha256: String?
      var mode: String?
      var mtime: Int?
      /// Why it is not there.
      var message: String?
    }
    var files: [File]
  }

  private func fetch(_ batches: [[CopyPlan.Item]]) throws {
    struct Call: Encodable { var paths: [String] }
    var underWay = RequestsUnderWay(most: Self.batchesUnderWay)
    for batch in batches {
      for item in batch where item.entry.kind == .link { attempt { () throws(SystemFailure) in try makeLink(item) } }
      let files = batch.filter { $0.entry.kind == .file }
      if files.isEmpty { continue }
      let call = WireJSON.encode(Call(paths: files.map(\.source)))
      try underWay.add(link.request(.init(op: "get_many"), [call])) { result in
        let parts = try result.get()
        let answer = try WireJSON.decode(Answer.self, from: parts.first ?? ByteBuffer())
        guard answer.files.count == files.count, parts.count == files.count + 1 else {
          throw Failure(code: "protocol", message: "the node answered for other files than it was asked for")
        }
        for (item, (file, content)) in zip(files, zip(answer.files, parts.dropFirst())) { keep(item, file, content) }
      }
    }
    try underWay.finish()
  }

  private func keep(_ item: CopyPlan.Item, _ file: Answer.File, _ content: ByteBuffer) {
    if let message = file.message {
      tally.problem("\(item.source): \(message)")
    } else if file.sha256 != ContentSum(of: content).hex {
      tally.problem("\(item.source): what came is not what was sent")
    } else {
      attempt { () throws(SystemFailure) in try write(content, to: item, modified: file.mtime) }
    }
    tally.finished(item.destination, bytes: item.entry.size)
  }

  private func write(_ content: ByteBuffer, to item: CopyPlan.Item, modified: Int?) throws(SystemFailure) {
    var file = try HiddenFile(for: item.destination)
    do throws(SystemFailure) {
      try file.write(content)
      let mode = item.entry.modeBits
      try file.settle(mode: options.preserve ? mode : nil, newMode: mode, modified: options.preserve ? modified : nil)
    } catch {
      file.discard()
      throw error
    }
  }

  private func makeLink(_ item: CopyPlan.Item) throws(SystemFailure) {
    try HiddenFile.link(to: item.entry.detail, at: item.destination)
  }

  private func makeDirectory(_ item: CopyPlan.Item) throws(SystemFailure) {
    let path = item.destination
    // For its owner at least: what goes in comes behind it, and a mode that forbids that at the end.
    guard mkdir(path, item.entry.modeBits | 0o700) != 0 else { return }
    let failure = SystemFailure("create", path)
    var info = stat()
    // A link that is there is followed where the user named it, and nowhere below.
    let status = item.entry.path.isEmpty ? stat(path, &info) : lstat(path, &info)
    guard status == 0, info.st_mode & S_IFMT == S_IFDIR else { throw failure }
  }

  private func finish(_ directories: [CopyPlan.Item]) {
    for item in directories.reversed() {
      attempt { () throws(SystemFailure) in
        let modified = item.entry.modified
        let time = timespec(tv_sec: modified / 1_000_000_000, tv_nsec: modified % 1_000_000_000)
        guard chmod(item.destination, item.entry.modeBits) == 0, utimensat(AT_FDCWD, item.destination, [time, time], 0) == 0
        else { throw SystemFailure("set mode and time of", item.destination) }
      }
    }
  }

  /// False where it failed, which is told.
  @discardableResult
  private func attempt(_ work: () throws(SystemFailure) -> Void) -> Bool {
    do throws(SystemFailure) {
      try work()
      return true
    } catch {
      tally.problem(error.failure.message)
      return false
    }
  }

  // MARK: Large files

  private func fetch(large items: [CopyPlan.Item]) throws {
    struct Call: Encodable { var path: String }
    var underWay = RequestsUnderWay(most: Self.filesUnderWay)
    for item in items {
      let tally = self.tally
      var header = NodeLink.Header(op: "get", destination: Here.absolute(item.destination))
      header.preserve = options.preserve ? true : nil
      let reply = link.request(header, [WireJSON.encode(Call(path: item.source))]) { tally.moved($0, of: item.destination) }
      try underWay.add(reply) { result in
        if case .failure(let failure) = result { tally.problem("\(item.source): \(failure)") }
        tally.finished(item.destination, bytes: item.entry.size)
      }
    }
    try underWay.finish()
  }
}
