import Testing

@testable import Registry

@Suite struct SignatureTests {
  @Test func namesAndTheirOptionalMarkAreRead() throws {
    let signature = try OperationSignature("i(instance,options,probes?,reply)")
    #expect(signature.arguments.map(\.name) == ["instance", "options", "probes", "reply"])
    #expect(signature.arguments.map(\.isOptional) == [false, false, true, false])
    #expect(try OperationSignature("i()").arguments.isEmpty)
  }

  @Test(arguments: [
    ("", "no i(...)"), ("i", "no i(...)"), ("i(", "no i(...)"), ("v(a)", "a result of type \"v\""),
    ("i(a,)", "an argument named \"\""), ("i(a b)", "an argument named \"a b\""), ("i(?)", "an argument named \"\""),
    ("i(A)", "an argument named \"A\""), ("i(a,a)", "\"a\" twice"), ("i(a??)", "an argument named \"a?\""),
    ("i(a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q)", "17 arguments, more than 16"),
  ])
  func whatCannotBeReadIsNamed(_ text: String, _ problem: String) {
    #expect(throws: OperationSignature.Malformed(problem: problem)) { try OperationSignature(text) }
  }
}
