import PluginKit
import Testing

@Suite struct OptionGrammarTests {
  private let grammar = OptionGrammar<Int>([
    .init("ab", "alpha", .none, 1), .init("v", "value", .required, 2), .init("o", "optional", .optional, 3),
    .init("", "alphabet", .none, 4), .init("z", nil, .none, 5),
  ])

  private func read(_ words: [String]) throws -> [String] {
    try grammar.read(words).map {
      switch $0 {
      case .operand(let word): "operand \(word)"
      case .option(let written, let value, let effect): "\(effect) \(written)" + (value.map { "=\($0)" } ?? "")
      }
    }
  }

  /// Each as getopt_long(3) of glibc reads it.
  @Test(arguments: [
    ([], []), (["-a"], ["1 -a"]), (["-ab"], ["1 -a", "1 -b"]), (["-azv", "x"], ["1 -a", "5 -z", "2 -v=x"]),
    (["-vx", "-a"], ["2 -v=x", "1 -a"]), (["-v", "-a"], ["2 -v=-a"]), (["-ox"], ["3 -o=x"]), (["-o", "x"], ["3 -o", "operand x"]),
    (["--alpha"], ["1 --alpha"]), (["--alphab"], ["4 --alphabet"]), (["--value=x=y"], ["2 --value=x=y"]),
    (["--val", "x"], ["2 --value=x"]), (["--value="], ["2 --value="]), (["--opt"], ["3 --optional"]),
    (["--optional=x"], ["3 --optional=x"]), (["x", "-a", "-"], ["operand x", "1 -a", "operand -"]), (["--"], ["operand --"]),
  ] as [([String], [String])])
  func wordsAreReadAsTheProgramsReadThem(_ words: [String], _ elements: [String]) throws {
    #expect(try read(words) == elements)
  }

  @Test(arguments: [
    (["-x"], "-x is not one of its options"), (["-ax"], "-x is not one of its options"), (["--x"], "--x is not one of its options"),
    (["--alph"], "--alph could be --alpha or --alphabet"), (["-v"], "-v needs a value"), (["--value"], "--value needs a value"),
    (["--alpha=x"], "--alpha takes no value"),
  ] as [([String], String)])
  func mistakesAreNamed(_ words: [String], _ message: String) throws {
    let mistake = try #require(throws: OptionGrammar<Int>.Mistake.self) { try grammar.read(words) }
    #expect("\(mistake)" == message)
  }
}
