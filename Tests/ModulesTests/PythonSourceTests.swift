import Testing

@testable import Modules

/// What Tests/Modules/test_python_source.py judges on whole trees, here case by case.
@Suite struct PythonSourceTests {
  private func strip(_ source: String) -> String {
    String(decoding: PythonSource.strip(Array(source.utf8)), as: UTF8.self)
  }

  @Test func commentsGoAndLinesStay() {
    #expect(strip("a = 1  # one\n# two\nb = 2\n") == "a = 1\n\nb = 2\n")
    #expect(strip("f(a,  # why\n  # so\n  b)\n") == "f(a,\n\nb)\n")
    #expect(strip("a = '# no'  # yes") == "a = '# no'")
    #expect(strip("a\r\n# b\r\nc\r\n") == "a\r\n\r\nc\r\n")
  }

  @Test func docstringsGoAndLinesStay() {
    #expect(strip("\"\"\"Module\n\ntext\"\"\"\na = 1\n") == "\n\n\na = 1\n")
    #expect(strip("def f():\n    '''doc'''\n    return 1\n") == "def f():\n\n return 1\n")
    #expect(strip("class A:\n    'a' \\\n    'b'\n    x = 1\n") == "class A:\n\n\n x = 1\n")
    #expect(strip("async def f(a,\n            b): # c\n    r'doc'\n    pass\n") == "async def f(a,\nb):\n\n pass\n")
  }

  @Test func aSuiteKeepsSomething() {
    #expect(strip("def f():\n    'doc'\nf()\n") == "def f():\n pass\nf()\n")
    #expect(strip("class A:\n  def f(self):\n    'doc'\n  def g(self):\n    '''doc\n    '''")
      == "class A:\n def f(self):\n  pass\n def g(self):\n  pass\n")
  }

  @Test func aDecoratedClassKeepsADocstring() {
    #expect(strip("@dataclass\nclass A:\n  'long text'\n  x: int\n") == "@dataclass\nclass A:\n '.'\n x: int\n")
    #expect(strip("@a\n@b(\n)\ndef f():\n  'text'\n  x\n") == "@a\n@b(\n)\ndef f():\n\n x\n")
  }

  @Test(arguments: [
    "def f(): 'doc'\n", "def f():\n 'doc'; g()\n", "def f():\n 'doc' % 1\n", "def f():\n b'doc'\n", "def f():\n f'doc'\n",
    "if a:\n 'text'\n", "x = 1\n'text'\n", "def f():\n ('doc')\n", "'one'\n'two'\n", "class A:\n 'doc'\n 'more'\n",
    "async def f():\n async with a:\n  'text'\n  b\n",
    "'doc'\nprint(__doc__)\n", "'doc'\ngetattr(a, '__doc__')\n", "'doc'\nfrom inspect import getdoc\n",
  ])
  func whatIsNoDocstringOrIsReadStays(source: String) {
    #expect(strip(source) == source)
  }

  @Test func aDocstringThatSpeaksOfDocIsNotRead() {
    #expect(strip("'has __doc__'\na = 1  # __doc__\n") == "\na = 1\n")
  }

  @Test func aLevelIsOneSpaceAndAContinuedLineHasNone() {
    #expect(strip("if a:\n    if b:\n        c\n    d\ne\n") == "if a:\n if b:\n  c\n d\ne\n")
    #expect(strip("if a:\n\tif b:\n\t\tc\n        d\n") == "if a:\n if b:\n  c\n d\n")
    #expect(strip("def f(\n        a,\n        b):\n    return (a +\n            b)\n") == "def f(\na,\nb):\n return (a +\nb)\n")
    #expect(strip("if a:\n    x = 1 + \\\n        2\n") == "if a:\n x = 1 + \\\n2\n")
    #expect(strip("if a:\r\n    b\r\n") == "if a:\r\n b\r\n")
    #expect(strip("\u{FEFF}if a:\n    b\n") == "\u{FEFF}if a:\n b\n")
    // More levels than bytes.
    #expect(strip("if a:\n if b:\n  if c:\n\td\n") == "if a:\n if b:\n  if c:\n   d\n")
  }

  @Test func whatAStringHoldsStays() {
    #expect(strip("def f():\n    a = '''\n    b\n      c'''\n    d\n") == "def f():\n a = '''\n    b\n      c'''\n d\n")
    #expect(strip("def f():\n    a(f'''{\n      b}''',\n      c)\n") == "def f():\n a(f'''{\n      b}''',\nc)\n")
    #expect(strip("def f():\n    'doc'\n    'no doc'\n") == "def f():\n 'doc'\n 'no doc'\n")
  }

  @Test(arguments: ["if a:\n    \\\n  b\n", "if a:\n  \u{C}  b\n"])
  func strangeIndentationStays(source: String) {
    #expect(strip(source) == source)
  }

  @Test func theDocumentationOfAModuleGoes() {
    func strip(_ source: String) -> String {
      String(decoding: PythonSource.strip(Array(source.utf8), isModule: true), as: UTF8.self)
    }
    let text = "DOCUMENTATION = r'''\na: b\n'''\n\nRETURN = \"\"\"# \"\"\"  # c\nx = 1\n"
    #expect(strip(text) == "DOCUMENTATION = ''\n\n\n\nRETURN = ''\nx = 1\n")
    #expect(self.strip(text) == text.replacing("  # c", with: ""))
    #expect(strip("EXAMPLES = 'a' \\\n  'b'\n") == "EXAMPLES = ''\n\n")
    for use in [
      "print(RETURN)", "x = 'RETURN'", "globals()", "m.RETURN", "if a:\n RETURN = 'b'", "eval(x)", "def f(RETURN): pass",
    ] {
      #expect(strip("RETURN = '''a'''\n\(use)\n") == "RETURN = '''a'''\n\(use)\n", "\(use)")
    }
    for kept in ["RETURN = 'a' % b", "RETURN = b'a'", "RETURN = ('a')", "RETURN: str = 'a'", "RETURN = x = 'a'", "RETURN += 'a'", "RETURN = 'a'; b"] {
      #expect(strip("\(kept)\n") == "\(kept)\n", "\(kept)")
    }
    #expect(strip("RETURN = 'a'\nDOCUMENTATION = 'b'\nf(DOCUMENTATION)\n") == "RETURN = ''\nDOCUMENTATION = 'b'\nf(DOCUMENTATION)\n")
  }

  @Test func interpreterAndCodingLinesStay() {
    let source = "#!/usr/bin/python\n# -*- coding: utf-8 -*-\n# coding: no\na = 1\n"
    #expect(strip(source) == "#!/usr/bin/python\n# -*- coding: utf-8 -*-\n\na = 1\n")
    #expect(strip("a = 1\n#! b\n") == "a = 1\n\n")
  }

  @Test func anotherEncodingIsLeftAlone() {
    let source = "# coding: shift_jis\na = 1  # b\n"
    #expect(strip(source) == source)
    #expect(strip("# vim: set fileencoding=Latin-1 :\na = 1  # b\n") == "# vim: set fileencoding=Latin-1 :\na = 1\n")
  }

  @Test(arguments: [
    "a = f'{x}#{y[\"#\"]}'", "a = f'{x!r:>{w}}#'", "a = f'{{#}}'", "a = f\"{d[\"#\"]}#\"", "a = f'{f\"{f'#'}\"}#'", "a = rf'\\{x}#'",
    "a = f'\\N{NUMBER SIGN}#'", "a = f'''{\nx}\n#'''", "a = rb'\\'#'", "a = '\\\\'; b = '#'", "a = ur'#'", "a = '\\\n#'", "a = t'{x}#'",
    "a = f'{x:%H:%M #}'", "a = f'{(lambda x: \"}#\")}'",
  ])
  func aHashInsideAStringIsNoComment(statement: String) {
    #expect(strip(statement + "  # comment\n") == statement + "\n")
  }

  @Test func aCommentBehindAContinuedLineStays() {
    #expect(strip("a = 1 \\\n# b\nc\n") == "a = 1 \\\n# b\nc\n")
  }

  @Test(arguments: ["a = 'x", "a = '''x\n", "a = (1\n", "a = 1)\n", "a \\ b\n", "import\n", "from . import (\n", "\u{0}"])
  func whatIsNotPythonIsReturnedAsItIs(source: String) {
    #expect(strip(source) == source)
    #expect(throws: PythonLexer.Failure.self) { try PythonSource.imports(Array(source.utf8)) }
  }

  /// Whatever the bytes are, the answer is a source or an error.
  @Test func noInputTraps() {
    var random = SystemRandomNumberGenerator()
    let pieces = [
      "'", "\"", "\"\"\"", "f'", "rf\"\"\"", "{", "}", "{{", "\\", "\\N{", "\n", "\r", "\r\n", "#", "(", ")", "[", "]", ":", "!", "=", ";",
      "def f():", "class A:", "@d", "import ", "from ", "a", ".", " ", "\t", "\u{C}", "pass", ",", "*", "as", "\u{0}", "\u{FEFF}", "é",
    ]
    for _ in 0..<20_000 {
      let source = (0..<Int.random(in: 0..<12, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
      let bytes = Array(source.utf8)
      let stripped = PythonSource.strip(bytes)
      let once = stripped.count { $0 == Byte.newline }
      #expect(once >= bytes.count { $0 == Byte.newline } || bytes.contains(Byte.carriageReturn), "\(source.debugDescription)")
    }
  }
}

@Suite struct PythonImportTests {
  private func imports(_ source: String) throws -> [String] {
    try PythonSource.imports(Array(source.utf8)).map { statement in
      let names = statement.names.map { $0.alias == nil ? $0.name : "\($0.name) as \($0.alias ?? "")" }.joined(separator: ", ")
      let from = statement.isFrom ? "from \(String(repeating: ".", count: statement.level))\(statement.module) " : ""
      return from + "import " + names + (statement.isOptional ? " (optional)" : "")
    }
  }

  @Test func everyFormIsRead() throws {
    #expect(try imports("import a.b as c, d\n") == ["import a.b as c, d"])
    #expect(try imports("from . import x\nfrom ... a . b import *\n") == ["from . import x", "from ...a.b import *"])
    #expect(try imports("from .import x\nfrom..y import(z)\n") == ["from . import x", "from ..y import z"])
    #expect(try imports("from a import ( # c\n  b as c,\n  d,\n)\n") == ["from a import b as c, d"])
    #expect(try imports("from a \\\n  import b, \\\n  c\nimport d; import e\n") == ["from a import b, c", "import d", "import e"])
  }

  @Test func belowTheTopLevelAnImportIsOptional() throws {
    #expect(try imports("try:\n  import a\nexcept E: import b\nelse: pass; from c import d\n")
      == ["import a (optional)", "import b (optional)", "from c import d (optional)"])
    #expect(try imports("def f():\n\timport a\nimport b\n") == ["import a (optional)", "import b"])
    #expect(try imports("x: int = 1; import a\nd = {1: 2}; import b\n") == ["import a", "import b"])
    #expect(try imports("with open(lambda: 1) as f: import a\n") == ["import a (optional)"])
  }

  @Test func whatOnlyLooksLikeAnImportIsNone() throws {
    #expect(try imports("'''\nimport a\n'''\nx = 'import b'\n# import c\ndef g():\n  yield from h\n  raise A from B\n").isEmpty)
    #expect(try imports("a.import_ = 1\nimportant = from_ = 2\n").isEmpty)
  }
}
