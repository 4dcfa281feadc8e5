import FoundationEssentials
import Glibc
import PluginTestKit

@testable import Registry

/// Feeds what comes from libraries of others to those who read it, damaged, for as long as it is told: `PluginFuzz [SECONDS]
/// [SEED]`.
///
/// Manifests, signatures, declarations, launch plans and run plans, what a helper sends, cases with their dialogues, and the
/// headers of shared objects. Input is made from good ones by flipping, cutting, repeating and splicing, and by exchanging
/// values; a trap ends the program, and the seed that it printed repeats it.
@main
struct PluginFuzz {
  static func main() {
    let arguments = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
    let seconds = arguments.first ?? 60
    var random = Generator(state: arguments.dropFirst().first ?? UInt64(time(nil)))
    print("seed \(random.state)")
    var readers = Self.readers()
    let end = time(nil) + Int(seconds)
    var inputs = 0
    while time(nil) < end {
      for _ in 0..<100 {
        for index in readers.indices {
          inputs += 1
          readers[index].step(&random)
        }
      }
    }
    let kept = readers.map { "\($0.name) \($0.taken) of \($0.inputs)" }.joined(separator: ", ")
    print("\(inputs) inputs; taken for good: \(kept)")
  }

  private static func readers() -> [Reader] {
    [
      Reader(
        "manifest",
        [
          #"{"mitogen_manifest":1,"library":"libAcme.so","version":"1","abi":"1.0","plugins":[{"name":"acme","kind":"connection","version":"1","features":["become"],"declaration":{"description":"d","aliases":["a.b.acme"],"precedence":7,"options":[{"name":"x","type":"list","description":"e","default":["1"],"vars":["v"],"env":["E"],"ini":[{"section":"s","key":"k"}]}]}}]}"#
        ]
      ) { bytes in
        guard let manifest = try? RegistryJSON.decode(Manifest.self, bytes) else { return false }
        for plugin in manifest.plugins {
          _ = Manifest.isPluginName(plugin.name)
          _ = plugin.declaration.faults
        }
        return (try? manifest.json()) != nil
      },
      Reader("signature", ["i(instance,options,probes?,reply)", "i()", "i(a,b?,c1,d_e,f,g,h,i,j,k,l,m,n,o,p,q)"]) { bytes in
        (try? OperationSignature(String(decoding: bytes, as: UTF8.self))) != nil
      },
      Reader(
        "launch plan",
        [
          #"{"argv":["ssh",{"secret_file":"key"},{"bootstrap":"shell"}],"environment":{"A":"b","C":null},"directory":"/","stdio":"tty_beside","interpreter":"discover","prompts":[{"match":"after_prefix","prefix":"p","text":"word:","then":{"send":"key"},"on":"tty"},{"match":"contains","text":"no","then":{"fail":{"code":"c","message":"m","hint":"h"}}},{"match":"prefix","text":"","then":{"log":true}}],"hints":[{"contains":"x","on":"stdout","code":"c","message":"m","hint":"h"}],"leaves_machine":false,"description":"d","timeout":1.5,"retries":2,"probes":[["true"]],"enter":{"pid":7,"namespaces":["mnt"],"user":"a:b"}}"#,
          #"{"argv":[{"bootstrap":"argv"}],"description":"local","stdio":"tty","prompts":[{"match":"contains","text":"password:","then":{"send":"password"}}]}"#,
        ]
      ) { bytes in
        guard let plan = try? RegistryJSON.decode(LaunchPlan.self, bytes) else { return false }
        _ = (plan.fault?.description, plan.slots, plan.undeclaredSlots([]), plan.enter?.account.user)
        // A launcher is told what a child says, by these rules.
        let said = RecordedDialogue(
          secrets: ["password": "secret", "key": "k"],
          steps: [
            .init(.output("a word: no\r\npassword: ", .tty), []), .init(.output("\u{1b}[0mPassword:", .stdout), []), .init(.python, []),
            .init(.ended(.exited(1)), []),
          ])
        _ = said.difference(with: plan)?.description
        return plan.fault == nil
      },
      Reader(
        "run plan",
        [
          #"{"closure":"python","arguments":"words","interpreter":"directive","directory":true,"substitutions":[{"text":"a","by":"b"}],"settings":{"k":"v"}}"#
        ]
      ) { (try? RegistryJSON.decode(RunPlan.self, $0)) != nil },
      Reader(
        "dialogue",
        [
          #"{"secrets":{"password":"x"},"steps":[{"event":{"tty":"Password: "},"actions":[{"answer":"password","to":"tty"}]},{"event":{"python":true},"actions":[{"deliver":""}]},{"event":{"exited":3},"actions":[{"fail":{"code":"c","message":"m","hint":"h"}}]},{"event":{"signalled":9},"actions":[{"log":"l"},{"ready":true}]}]}"#
        ]
      ) { bytes in
        guard let dialogue = try? RegistryJSON.decode(RecordedDialogue.self, bytes) else { return false }
        let plan = LaunchPlan(
          argv: [.bootstrapWords], stdio: .ttyBeside, prompts: PasswordPrompt.rules(send: "password", on: nil), description: "x")
        _ = dialogue.difference(with: plan)?.description
        return true
      },
      Reader(
        "refusal", [#"{"code":"become","message":"m","hint":"h"}"#]
      ) { (try? RegistryJSON.decode(PluginRefusal.self, $0)) != nil },
      Reader("helper", [HelperMessage(header: Array(#"{"answered":{}}"#.utf8), bytes: [1, 2, 3]).encoded]) { bytes in
        var buffer = bytes
        var seen = 0
        while let message = try? HelperMessage.take(from: &buffer) {
          seen += 1
          _ = try? RegistryJSON.decode(HelperRequest.self, message.header)
          _ = try? RegistryJSON.decode(HelperResponse.self, message.header)
        }
        return seen > 0
      },
      Reader("shared object", [sharedObject()]) { bytes in
        let file = try? ElfFile { offset, limit in
          guard offset >= 0, offset < bytes.count, limit > 0 else { return [] }
          return Array(bytes[offset..<min(bytes.count, offset + limit)])
        }
        return file != nil
      },
    ]
  }

  /// A small one with all that is read: this program's own headers are too far apart to be damaged at the right places.
  private static func sharedObject() -> [UInt8] {
    func little(_ value: Int, _ width: Int) -> [UInt8] { (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    let texts = Array("\0libc.so.6\0mitogen_library_v1\0".utf8)
    let comment = Array("GCC\0Swift clang version 1 swiftlang/llvm-project\0".utf8)
    let sectionNames = Array("\0.dynamic\0.dynsym\0.dynstr\0.comment\0.shstrtab\0".utf8)
    let dynamic = little(1, 8) + little(1, 8) + little(0, 16)
    let symbols = [UInt8](repeating: 0, count: 24) + little(11, 4) + [0x12, 0] + little(1, 2) + little(64, 8) + little(1, 8)
    let contents: [(name: Int, type: Int, bytes: [UInt8], link: Int)] = [
      (0, 0, [], 0), (1, 6, dynamic, 3), (10, 11, symbols, 3), (18, 3, texts, 0), (26, 1, comment, 0), (35, 3, sectionNames, 0),
    ]
    var body: [UInt8] = []
    var table: [UInt8] = []
    for section in contents {
      table += little(section.name, 4) + little(section.type, 4) + little(0, 16) + little(64 + body.count, 8)
      table += little(section.bytes.count, 8) + little(section.link, 4) + little(0, 20)
      body += section.bytes
    }
    let header =
      [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9) + little(3, 2) + little(62, 2) + little(1, 4) + little(0, 16)
      + little(64 + body.count, 8) + little(0, 4) + little(64, 2) + little(0, 4) + little(64, 2) + little(contents.count, 2)
      + little(contents.count - 1, 2)
    return header + body + table
  }
}

/// One kind of input, and who reads it.
private struct Reader {
  let name: String
  /// True for an input that is taken for good: such lead further than those that are refused.
  let read: ([UInt8]) -> Bool
  private var corpus: [[UInt8]]
  private(set) var inputs = 0
  private(set) var taken = 0

  init(_ name: String, _ seeds: [String], _ read: @escaping ([UInt8]) -> Bool) {
    self.init(name, seeds.map { Array($0.utf8) }, read)
  }

  init(_ name: String, _ seeds: [[UInt8]], _ read: @escaping ([UInt8]) -> Bool) {
    self.name = name
    self.read = read
    corpus = seeds
    for seed in seeds where !read(seed) { fatalError("a seed of \(name) is refused") }
  }

  mutating func step(_ random: inout Generator) {
    inputs += 1
    let input = mutated(corpus[random.below(corpus.count)], &random)
    guard read(input) else { return }
    taken += 1
    if corpus.count < 300 { corpus.append(input) } else { corpus[random.below(corpus.count)] = input }
  }

  /// What JSON's readers stumble over, where a value stood.
  private static let values = [
    "null", "true", "-1", "1e999", "9223372036854775808", "0.5", "\"\"", "\"\\ud800\"", "\"\\u0000\"", "[]", "{}", "[[[[[[[[]]]]]]]]",
    "\"\u{e9}\"",
  ].map { Array($0.utf8) }

  private func mutated(_ input: [UInt8], _ random: inout Generator) -> [UInt8] {
    var bytes = input
    for _ in 0...random.below(4) where !bytes.isEmpty && bytes.count < 100_000 {
      let at = random.below(bytes.count)
      switch random.below(8) {
      case 0: bytes[at] = UInt8(truncatingIfNeeded: random.next())
      case 1: bytes[at] ^= 1 << UInt8(random.below(8))
      case 2: bytes.removeSubrange(at...)
      case 3: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 40)], at: at)
      case 4:
        let other = corpus[random.below(corpus.count)]
        bytes.insert(contentsOf: other[random.below(other.count + 1)...].prefix(60), at: at)
      case 5, 6:
        // From behind a colon to what ends the value.
        guard let start = bytes[at...].firstIndex(of: UInt8(ascii: ":")) else { continue }
        let end = bytes[(start + 1)...].firstIndex { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "}") } ?? bytes.count
        bytes.replaceSubrange((start + 1)..<end, with: Self.values[random.below(Self.values.count)])
      default: bytes.remove(at: at)
      }
    }
    return bytes
  }
}

private struct Generator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }

  mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}
