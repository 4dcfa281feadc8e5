/// What is to be copied, in the order in which it is: directories; small files and links in batches, so that a tree costs no
/// round trip for each file; then large files, each a stream of its own; last the modes and times of directories, which the
/// files that come into them would change. Each waits for the one before: of messages on their way at the same time, which take
/// turns on a link, a short one overtakes a long one.
struct CopyPlan {
  struct Item: Sendable, Equatable {
    var entry: TreeEntry
    var source: String
    var destination: String
  }

  /// Bytes of a batch: with its entries it fits into the credit with which a stream begins, so it is sent without a wait.
  static let batchBytes = 196_608
  /// Files of a batch: each is written and synced before the answer.
  static let batchFiles = 256
  /// Bytes by which an entry is counted beside its content and its names.
  static let entryBytes = 160
  /// A larger file is a stream of its own: the limit below which files go inside a call.
  static let smallFile = 126_976

  /// Each after the one before: a directory may stand in one of these.
  let directoryBatches: [[Item]]
  let batches: [[Item]]
  let large: [Item]
  let directories: [Item]
  /// Bytes of content.
  let bytes: Int

  init(_ items: [Item]) {
    directories = items.filter { $0.entry.kind == .directory }
    directoryBatches = Self.cut(directories, most: .max)
    let files = items.filter { $0.entry.kind == .file }
    bytes = files.reduce(0) { $0 + $1.entry.size }
    large = files.filter { $0.entry.size > Self.smallFile }
    batches = Self.cut(
      items.filter { $0.entry.kind == .link || $0.entry.kind == .file && $0.entry.size <= Self.smallFile },
      most: Self.batchFiles)
  }

  private static func cut(_ items: [Item], most: Int) -> [[Item]] {
    var batches: [[Item]] = []
    var (batch, weight): ([Item], Int) = ([], 0)
    for item in items {
      let content = item.entry.kind == .file ? item.entry.size : 0
      let own = content + item.destination.utf8.count + item.entry.detail.utf8.count + entryBytes
      if batch.count >= most || !batch.isEmpty && weight + own > batchBytes {
        batches.append(batch)
        (batch, weight) = ([], 0)
      }
      batch.append(item)
      weight += own
    }
    return batch.isEmpty ? batches : batches + [batch]
  }

  /// Where each of several sources goes: into a directory that is there, or in place of the one name that is given.
  ///
  /// - Parameter kind: what stands at the destination.
  static func target(of source: String, at destination: String, kind: TreeEntry.Kind) -> String {
    guard kind == .directory else { return destination }
    let name = source.split(separator: "/").last.map(String.init) ?? ""
    // The content of a directory that has no name of its own.
    return ["", ".", ".."].contains(name) ? destination : joined(destination, name)
  }

  static func joined(_ folder: String, _ name: String) -> String {
    if name.isEmpty { return folder }
    return folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
  }
}
