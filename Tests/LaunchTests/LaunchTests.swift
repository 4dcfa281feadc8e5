import Testing

@Test func placeholderLaunch() { #expect(Bool(true)) }
