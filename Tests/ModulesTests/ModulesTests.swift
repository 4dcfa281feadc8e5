import Testing

@Test func placeholderModules() { #expect(Bool(true)) }
