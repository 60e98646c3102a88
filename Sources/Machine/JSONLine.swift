/// Objects of JSON, each on a line of its own, made one after another in memory that is used again.
package struct JSONLine: ~Copyable {
  private var text: [UInt8] = []
  private var digits = ""

  /// Begins with an empty object.
  package init() {}

  /// Adds a member.
  package mutating func add(_ name: String, _ value: JSONText) {
    text.append(UInt8(ascii: text.isEmpty ? "{" : ","))
    JSONText.appendString(name, to: &text)
    text.append(UInt8(ascii: ":"))
    if case .number(let number) = value {
      JSONText.append(number, to: &text, digits: &digits)
    } else {
      value.append(to: &text, .compact, depth: 0)
    }
  }

  /// Shows the object of the members added, with the end of its line, and begins the next.
  package mutating func finish<Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    text += (text.isEmpty ? "{}\n" : "}\n").utf8
    defer { text.removeAll(keepingCapacity: true) }
    try unsafe body(text.span.bytes)
  }
}
