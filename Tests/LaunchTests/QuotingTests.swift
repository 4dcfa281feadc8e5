import Glibc
import NIOPosix
import Testing

@testable import Launch

struct QuotingTests {
  static let vectors: [QuotingVector] = try! Vectors.read("quoting.json")  // a broken vector file must stop the tests

  @Test func everyVector() {
    for vector in Self.vectors { #expect(ShellQuoting.join(vector.argv) == vector.quoted) }
  }

  /// Each shell runs a command that prints its arguments, separated by NUL.
  @Test(arguments: ["dash", "bash", "zsh", "fish", "tcsh"])
  func everyShellReadsTheWordsBack(_ shell: String) async throws {
    for vector in Self.vectors {
      let words = Array(vector.argv.dropFirst())
      let printing = ["/usr/bin/printf", "%s\\0"] + words
      let stdio = try ChildStdio(.pipes)
      let request = SpawnRequest(argv: [shell, "-c", ShellQuoting.join(printing)], environment: SpawnRequest.environment(changes: [:]))
      let process = try request.spawn(
        stdio: (stdio.child.input.number, stdio.child.output.number, stdio.child.error.number), terminal: nil)
      stdio.closeChildEnds()
      _ = try await ChildReaper.shared.reap(process, on: MultiThreadedEventLoopGroup.singleton.next()).get()
      guard case .pipes(let output, _) = stdio.link else { return }
      let expected = Array(words.map { $0 + "\0" }.joined().utf8)
      #expect(System.readAvailable(output.number) == expected, "\(vector.argv)")
    }
  }

  @Test func theBootstrapsTextsAreTheVectors() throws {
    func filled(_ name: String) throws -> String {
      let text = try Vectors.line("bootstrap/\(name)")
      return text.split(separator: "{nonce}", omittingEmptySubsequences: false).joined(separator: "0123456789abcdef")
        .split(separator: "{size}", omittingEmptySubsequences: false).joined(separator: "12345")
    }
    let plain = FirstStage(nonce: "0123456789abcdef", size: 12345, isTerminal: false)
    let terminal = FirstStage(nonce: "0123456789abcdef", size: 12345, isTerminal: true)
    #expect(plain.python == (try filled("first_stage.txt")))
    #expect(terminal.python == (try filled("first_stage_tty.txt")))
    #expect(plain.discovery(candidates: ["a", "b"]) == ["/bin/sh", "-c", try filled("discovery.txt"), plain.python, "a", "b"])
    for text in [plain.python, terminal.python] {
      #expect(!text.contains { "'!\\$`\n".contains($0) })
      #expect(!text.contains(plain.marker))
      #expect(text.utf8.count < 330)
    }
  }
}
