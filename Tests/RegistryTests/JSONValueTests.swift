import FoundationEssentials
import Plans
import Testing

/// What neither side looks at passes through as it came.
@Suite struct JSONValueTests {
  @Test(arguments: [
    "null", "true", "[1,-2,1.5]", #"{"a":{"b":["c",null,false]}}"#, "9007199254740993", "\"1\"", "1e+300", "{}", "[]", "0",
  ])
  func itIsPassedOnAsItCame(_ text: String) throws {
    let value = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    #expect(String(decoding: try JSONEncoder().encode(value), as: UTF8.self) == text)
  }

  /// An option of a whole number of seconds is no less an int for having been computed.
  @Test func aWholeNumberIsWrittenAsOne() throws {
    #expect(String(decoding: try JSONEncoder().encode([JSONValue.number(10), .number(0.5)]), as: UTF8.self) == "[10,0.5]")
  }
}
