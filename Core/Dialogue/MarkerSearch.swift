/// Finds the marker in bytes that come in pieces, and holds no more of them than the marker is long.
struct MarkerSearch: Sendable {
  enum Found: Equatable, Sendable {
    case python
    case noPython
  }

  private let marker: [UInt8]
  /// The end of what was searched: may be the beginning of the marker.
  private var held: [UInt8] = []

  init(marker: String) {
    self.marker = Array(marker.utf8)
  }

  /// - Returns: what was found, how many of these bytes stand before the marker (less than none when it began
  ///   earlier), and where the bytes behind it begin; `nil` when it is not complete yet.
  mutating func search(_ bytes: [UInt8]) -> (found: Found, before: Int, after: Int)? {
    let offset = held.count
    held.append(contentsOf: bytes)
    let length = marker.count + 1
    var at = 0
    while at + length <= held.count {
      if held[at] == marker[0], held[at..<at + marker.count].elementsEqual(marker) {
        let end = held[at + marker.count]
        if end == UInt8(ascii: ";") || end == UInt8(ascii: "!") {
          return (end == UInt8(ascii: ";") ? .python : .noPython, at - offset, at + length - offset)
        }
      }
      at += 1
    }
    held.removeFirst(at)
    return nil
  }
}
