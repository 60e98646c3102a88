import Testing

@testable import Train

@Suite("YAML documents")
struct YAMLDocumentTests {
  private func read(_ text: String) -> (node: ConfigurationNode?, faults: [YAMLFault]) {
    YAMLComposer.document(Array(text.utf8), file: "c.yml")
  }

  private func keys(_ text: String) throws -> [String] {
    let root = try #require(read(text).node)
    guard case .map(let entries) = root.value else { return [] }
    return entries.map { "\($0.key)=\($0.node.value.spelling)" }
  }

  @Test("the flow style of GPT-NeoX, with comments and trailing commas")
  func flow() throws {
    let text = """
      # a comment
      {
        "a": True,  # here
        "b": [1, 2,],
        "c": {"d": 1.0e-8,},
        e: text here,
      }
      """
    #expect(read(text).faults.isEmpty)
    #expect(try keys(text) == ["a=true", "b=a list of 2", "c=a mapping", "e=\"text here\""])
  }

  @Test("quotes and tags decide what a scalar is")
  func tags() throws {
    #expect(
      try keys("a: '1'\nb: !!str 1\nc: !!int '0x10'\nd: !!float 3\ne: !!bool yes\nf: ! 12")
        == ["a=\"1\"", "b=\"1\"", "c=16", "d=3.0", "e=true", "f=\"12\""])
    #expect(read("a: !!python/object:os.system x").faults.count == 1)
    #expect(read("a: !mine {b: 1}").faults.count == 1)
  }

  @Test("aliases repeat and merge keys fill in")
  func merging() throws {
    let text = """
      base: &base {a: 1, b: 2}
      more: &more {b: 3, c: 4}
      one: {<<: *base, b: 9}
      two: {<<: [*base, *more]}
      same: *base
      """
    let root = try #require(read(text).node)
    guard case .map(let entries) = root.value else { return }
    let inner = entries.map { entry -> String in
      guard case .map(let inner) = entry.node.value else { return "" }
      return inner.map { "\($0.key)=\($0.node.value.spelling)" }.sorted().joined(separator: " ")
    }
    #expect(inner == ["a=1 b=2", "b=3 c=4", "a=1 b=9", "a=1 b=2 c=4", "a=1 b=2"])
  }

  @Test("places are lines and columns from 1")
  func places() throws {
    let root = try #require(read("a: 1\nb:\n  c: x\n").node)
    guard case .map(let entries) = root.value, case .map(let inner) = entries[1].node.value else {
      Issue.record("no mapping")
      return
    }
    #expect(inner[0].place == SourcePlace(file: "c.yml", line: 3, column: 3))
    #expect(inner[0].node.place == SourcePlace(file: "c.yml", line: 3, column: 6))
    #expect("\(inner[0].place)" == "c.yml:3")
  }

  @Test(
    "what is no configuration is refused with its place",
    arguments: [
      ("", 0), ("# only a comment\n", 0), ("a: 1\na: 2\n", 2), ("a: [1\nb: 2\n", 2),
      ("a: *b\n", 1), ("a: &x 1\nb: &x 2\n", 2), ("a: 1\n---\nb: 2\n", 2), ("5: 1\n", 1),
      ("{<<: 3, a: 1}", 1), ("a:\n\tb: 1\n", 2), ("a: &x [*x]\n", 1), ("a: 'open\n", 2),
      ("a: !!int x\n", 1),
    ])
  func faults(text: String, line: Int) throws {
    let fault = try #require(read(text).faults.first)
    #expect(fault.place.line == line, "\(text): \(fault.reason)")
  }

  @Test("text that is not UTF-8 is refused")
  func encoding() {
    let (node, faults) = YAMLComposer.document([0x61, 0x3A, 0x20, 0xFF, 0x0A], file: "c.yml")
    #expect(node == nil && faults.count == 1)
  }

  @Test("every duplicate is found, and the first value stays")
  func duplicates() throws {
    let (node, faults) = read("{a: 1, a: 2, b: {c: 1, c: 2}}")
    #expect(faults.count == 2)
    guard case .map(let entries)? = node?.value else { return }
    #expect(entries.map(\.key) == ["a", "b"])
  }

  @Test("a few lines of aliases cannot stand for billions of values")
  func aliasBomb() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...12 {
      let list = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(list)]\n"
    }
    let (node, faults) = read(text)
    #expect(node == nil)
    #expect(faults.first?.reason.contains("repeated by aliases") == true)
  }

  @Test("very deep nesting is refused, not followed")
  func depth() {
    let text = String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)
    #expect(read(text).node == nil)
    let allowed = String(repeating: "[", count: 90) + String(repeating: "]", count: 90)
    #expect(read(allowed).faults.isEmpty)
  }

  @Test("a file of more than 4 MiB is refused")
  func size() {
    let text = "a: " + String(repeating: "x", count: YAMLEvent.byteLimit)
    #expect(read(text).faults.count == 1)
  }
}
