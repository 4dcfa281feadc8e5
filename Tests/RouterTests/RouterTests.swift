import Testing

@Test func placeholderRouter() { #expect(Bool(true)) }
