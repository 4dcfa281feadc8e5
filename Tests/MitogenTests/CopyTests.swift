import NIOCore
import Testing
import Wire

@testable import Mitogen

@Suite struct CopyPlaceTests {
  @Test(arguments: [
    ("ssh://web1:/etc/hosts", "ssh://web1", "/etc/hosts"),
    ("ssh://deploy@web1:2222:/a:b/c", "ssh://deploy@web1:2222", "/a:b/c"),
    ("ssh://[::1]:~/file", "ssh://[::1]", "~/file"),
    ("ssh://web1/sudo:root:/srv", "ssh://web1/sudo:root", "/srv"),
    ("local:~", "local", "~"),
    ("docker://app/sudo:~app", "docker://app/sudo", "~app"),
  ])
  func aPlaceOnANodeIsItsRouteAndAPath(text: String, route: String, path: String) throws {
    #expect(try CopyPlace(text) == .there(Route(route), path: path))
  }

  @Test(arguments: ["file", "/a:/b", "./a:/b", "../ssh://web1:/x", "a:b", "~/file", "a/b"])
  func anythingElseIsHere(text: String) throws {
    #expect(try CopyPlace(text) == .here(path: text))
  }

  @Test(arguments: ["", "ssh://web1", "ssh://web1/etc/hosts", "ssh://:/x", ":/x"])
  func whatHasNoRouteOrNoPathIsRefused(text: String) {
    #expect(throws: CopyPlace.Malformed.self) { try CopyPlace(text) }
  }

  @Test func oneEndIsHere() throws {
    let (web, db) = (try Route("ssh://web1"), try Route("ssh://db1"))
    let here = CopyPlace.here(path: "a")
    let there = CopyPlace.there(web, path: "/b")
    #expect(try CopyDirection(from: [here, here], to: there) == .push(["a", "a"], to: "/b", on: web))
    #expect(try CopyDirection(from: [there], to: here) == .pull(["/b"], on: web, to: "a"))
    let wrong: [([CopyPlace], CopyPlace)] = [
      ([here], here), ([there], there), ([here, there], here), ([here, there], there),
      ([there, .there(db, path: "/b")], here),
    ]
    for (sources, destination) in wrong {
      #expect(throws: CopyPlace.Malformed.self) { try CopyDirection(from: sources, to: destination) }
    }
  }
}

@Suite struct CopyPlanTests {
  private func item(_ kind: TreeEntry.Kind, _ name: String, size: Int = 0) -> CopyPlan.Item {
    CopyPlan.Item(entry: TreeEntry(root: 0, path: name, kind: kind, size: size), source: name, destination: name)
  }

  @Test func aThousandSmallFilesAreAFewBatches() {
    let items = [item(.directory, "d")] + (0..<1000).map { item(.file, "d/\($0)", size: 4096) }
    let plan = CopyPlan(items)
    #expect(plan.batches.count < 25)
    #expect(plan.directoryBatches == [[items[0]]])
    #expect(plan.batches.flatMap { $0 } == Array(items.dropFirst()))
    #expect(plan.bytes == 4_096_000)
    for batch in plan.batches {
      #expect(batch.reduce(0) { $0 + $1.entry.size + CopyPlan.entryBytes } <= CopyPlan.batchBytes)
    }
  }

  @Test func emptyFilesAreCountedToo() {
    #expect(CopyPlan((0..<1000).map { item(.file, "\($0)") }).batches.map(\.count) == [256, 256, 256, 232])
  }

  @Test func manyDirectoriesAreOneBatch() {
    #expect(CopyPlan((0..<800).map { item(.directory, "\($0)") }).directoryBatches.map(\.count) == [800])
  }

  @Test func largeFilesAreStreamsOfTheirOwn() {
    let plan = CopyPlan([item(.file, "large", size: 126_977), item(.file, "small", size: 126_976), item(.link, "link", size: 1 << 30)])
    #expect(plan.large.map(\.source) == ["large"])
    #expect(plan.batches.flatMap { $0 }.map(\.source) == ["small", "link"])
    #expect(plan.bytes == 126_977 + 126_976)
  }

  @Test(arguments: [
    ("a/b", TreeEntry.Kind.directory, "/d/b"), ("a/b/", .directory, "/d/b"), (".", .directory, "/d"), ("a/..", .directory, "/d"),
    ("/", .directory, "/d"), ("a/b", .missing, "/d"), ("a/b", .file, "/d"),
  ])
  func aDirectoryThatIsThereTakesWhatIsCopied(source: String, kind: TreeEntry.Kind, target: String) {
    #expect(CopyPlan.target(of: source, at: "/d", kind: kind) == target)
  }
}

@Suite struct TreeListingTests {
  private func listing(_ rows: String) throws -> TreeListing {
    try WireJSON.decode(TreeListing.self, from: ByteBuffer(string: #"{"roots":["/r","/s"],"entries":[\#(rows)]}"#))
  }

  @Test func whatANodeListsIsRead() throws {
    let entries = try listing(#"[0,"","directory",1,"0755",5,""],[0,"a","link",1,"0777",6,"b"],[1,"","file",7,"0644",8,""]"#).sound
    #expect(entries.refused.isEmpty)
    #expect(entries.entries.last == TreeEntry(root: 1, path: "", kind: .file, size: 7, mode: "0644", modified: 8))
    #expect(entries.entries[1].detail == "b")
  }

  /// What a hostile node might say to have a file written elsewhere.
  @Test(arguments: [
    #"[0,"..","file",1,"0644",0,""]"#, #"[0,"/etc/passwd","file",1,"0644",0,""]"#, #"[0,"a/../../x","file",1,"0644",0,""]"#,
    #"[0,"d/./x","file",1,"0644",0,""]"#, #"[0,"d//x","file",1,"0644",0,""]"#, #"[0,"l/x","file",1,"0644",0,""]"#,
    #"[0,"l","directory",1,"0755",0,""]"#, #"[0,"none/x","file",1,"0644",0,""]"#, #"[2,"","file",1,"0644",0,""]"#,
    #"[-1,"","file",1,"0644",0,""]"#, #"[1,"x","file",1,"0644",0,""]"#, #"[0,"d/x\u0000y","file",1,"0644",0,""]"#,
  ])
  func whatLeadsOutOfThePlaceIsRefused(row: String) throws {
    let known = #"[0,"","directory",1,"0755",0,""],[0,"d","directory",1,"0755",0,""],[0,"l","link",1,"0777",0,"/etc"],"#
    let sound = try listing(known + row).sound
    #expect(sound.refused.count == 1)
    #expect(sound.entries.map(\.path) == ["", "d", "l"])
  }
}

@Suite struct ProgressMeterTests {
  @Test func aShortCopySaysNothing() {
    var meter = ProgressMeter(start: 10, interval: 0.2)
    #expect(meter.line(done: 5, total: 10, now: 10.9) == nil)
    #expect(meter.closing(done: 10, now: 10.95) == nil)
  }

  @Test func bytesRateAndTimeLeftAreSaid() {
    var meter = ProgressMeter(start: 10, interval: 0.2)
    #expect(meter.line(done: 50 << 20, total: 200 << 20, now: 15) == "25%  50 MiB of 200 MiB  10 MiB/s  0:15 left")
    #expect(meter.line(done: 51 << 20, total: 200 << 20, now: 15.1) == nil)
    #expect(meter.line(done: 200 << 20, total: 200 << 20, now: 20) == "100%  200 MiB of 200 MiB  20 MiB/s  0:00 left")
    #expect(meter.closing(done: 200 << 20, now: 20) == "200 MiB in 0:10, 20 MiB/s")
  }

  @Test func nothingDoneYetHasNoEnd() {
    var meter = ProgressMeter(start: 0, interval: 0.2)
    #expect(meter.line(done: 0, total: 10, now: 2) == "0%  0 B of 10 B  0 B/s")
  }

  @Test(arguments: [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (10_239, "9.9 KiB"), (10_240, "10 KiB"), (1 << 40, "1.0 TiB")])
  func amountsAreShort(bytes: Int, text: String) { #expect(ProgressMeter.amount(bytes) == text) }

  @Test(arguments: [(5.0, "0:05"), (754.0, "12:34"), (3723.0, "1:02:03")])
  func timesAreThoseOfAClock(seconds: Double, text: String) { #expect(ProgressMeter.time(seconds) == text) }
}
