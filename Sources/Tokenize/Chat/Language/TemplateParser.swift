/// Makes statements of a template's tokens.
///
/// Nesting is bounded, so that no template can exhaust the stack.
struct TemplateParser {
  let name: String
  let tokens: [TemplateToken]
  var place = 0
  var depth = 0
  private var loops = 0

  /// The most levels of tags and expressions inside each other.
  static let deepest = 150

  /// Cuts a template into tokens.
  init(_ source: String, name: String) throws(TokenizeError) {
    self.name = name
    tokens = try TemplateLexer(source, name: name).tokenize()
  }

  /// The statements of the whole template.
  static func statements(
    _ source: String, name: String
  ) throws(TokenizeError) -> [TemplateStatement] {
    var parser = try TemplateParser(source, name: name)
    let body = try parser.body(until: [], of: "template", from: 1)
    return body
  }

  // MARK: - Tokens

  var token: TemplateToken { tokens[min(place, tokens.count - 1)] }

  func failure(_ reason: String, line: Int? = nil) -> TokenizeError {
    .template(name: name, line: line ?? token.line, reason: reason)
  }

  func isNext(_ sign: String) -> Bool { token.kind == .sign && token.text == sign }
  func isNext(word: String) -> Bool { token.kind == .name && token.text == word }

  mutating func take(_ sign: String) -> Bool {
    guard isNext(sign) else { return false }
    place += 1
    return true
  }

  mutating func take(word: String) -> Bool {
    guard isNext(word: word) else { return false }
    place += 1
    return true
  }

  mutating func expect(_ sign: String) throws(TokenizeError) {
    guard take(sign) else { throw failure("expected \(sign), found \(describe(token))") }
  }

  mutating func expectName() throws(TokenizeError) -> String {
    guard token.kind == .name else {
      throw failure("expected a name, found \(describe(token))")
    }
    defer { place += 1 }
    return token.text
  }

  func describe(_ token: TemplateToken) -> String {
    switch token.kind {
    case .text: "text"
    case .beginOutput: "{{"
    case .endOutput: "the end of the tag"
    case .beginBlock: "{%"
    case .endBlock: "the end of the tag"
    case .string: "a string"
    case .end: "the end of the template"
    case .name, .integer, .number, .sign: token.text
    }
  }

  /// Runs `parse` one level deeper.
  mutating func deeper<Result>(
    _ parse: (inout TemplateParser) throws(TokenizeError) -> Result
  ) throws(TokenizeError) -> Result {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.deepest else {
      throw failure("more than \(Self.deepest) levels inside each other")
    }
    return try parse(&self)
  }

  // MARK: - Statements

  /// The statements up to one of the tags `ends`, whose name is left as the next token.
  private mutating func body(
    until ends: [String], of owner: String, from line: Int
  ) throws(TokenizeError) -> [TemplateStatement] {
    var statements: [TemplateStatement] = []
    while true {
      let here = token
      switch here.kind {
      case .text:
        place += 1
        statements.append(TemplateStatement(line: here.line, kind: .text(here.bytes)))
      case .beginOutput:
        place += 1
        let value = try expressionOrTuple()
        guard token.kind == .endOutput else {
          throw failure("expected the end of the tag, found \(describe(token))")
        }
        place += 1
        statements.append(TemplateStatement(line: here.line, kind: .output(value)))
      case .beginBlock:
        place += 1
        if token.kind == .name, ends.contains(token.text) { return statements }
        try deeper { parser throws(TokenizeError) in
          try parser.statement(into: &statements)
        }
      default:
        guard ends.isEmpty else {
          throw failure("{% \(owner) %} has no {% \(ends.last ?? "") %}", line: line)
        }
        return statements
      }
    }
  }

  private mutating func endTag() throws(TokenizeError) {
    guard token.kind == .endBlock else {
      throw failure("expected the end of the tag, found \(describe(token))")
    }
    place += 1
  }

  private mutating func statement(
    into statements: inout [TemplateStatement]
  ) throws(TokenizeError) {
    let line = token.line
    let word = try expectName()
    let kind: TemplateStatement.Kind
    switch word {
    case "if": kind = try branches(line)
    case "for": kind = try loop(line)
    case "set": kind = try assignment(line)
    case "macro": kind = try macro(line)
    case "break", "continue":
      guard loops > 0 else { throw failure("{% \(word) %} stands in no loop", line: line) }
      try endTag()
      kind = word == "break" ? .breakLoop : .continueLoop
    case "generation":
      // Marks what an assistant says; who says what is known without it.
      try endTag()
      statements += try body(until: ["endgeneration"], of: word, from: line)
      place += 1
      return try endTag()
    default:
      throw failure("the tag {% \(word) %} is not supported", line: line)
    }
    statements.append(TemplateStatement(line: line, kind: kind))
  }

  private mutating func branches(_ line: Int) throws(TokenizeError) -> TemplateStatement.Kind {
    var branches: [(condition: TemplateExpression, body: [TemplateStatement])] = []
    while true {
      let condition = try expressionOrTuple()
      try endTag()
      branches.append(
        (condition, try body(until: ["elif", "else", "endif"], of: "if", from: line)))
      if take(word: "elif") { continue }
      var otherwise: [TemplateStatement] = []
      if take(word: "else") {
        try endTag()
        otherwise = try body(until: ["endif"], of: "if", from: line)
      }
      place += 1
      try endTag()
      return .branches(branches, otherwise: otherwise)
    }
  }

  private mutating func loop(_ line: Int) throws(TokenizeError) -> TemplateStatement.Kind {
    let target = try target(allowsMember: false)
    guard take(word: "in") else { throw failure("expected in, found \(describe(token))") }
    let items = try expressionOrTuple(allowsConditional: false)
    let condition = take(word: "if") ? try expression() : nil
    if isNext(word: "recursive") { throw failure("a recursive loop is not supported") }
    try endTag()
    loops += 1
    let inside = try body(until: ["else", "endfor"], of: "for", from: line)
    loops -= 1
    var otherwise: [TemplateStatement] = []
    if take(word: "else") {
      try endTag()
      otherwise = try body(until: ["endfor"], of: "for", from: line)
    }
    place += 1
    try endTag()
    return .loop(
      TemplateForLoop(
        target: target, items: items, condition: condition, body: inside, otherwise: otherwise))
  }

  private mutating func target(
    allowsMember: Bool
  ) throws(TokenizeError) -> TemplateStatement.Target {
    let first = try parenthesizedName()
    if allowsMember, take(".") { return .member(first[0], try expectName()) }
    var names = first
    while take(",") {
      guard token.kind == .name, !isNext(word: "in") else { break }
      names.append(try expectName())
    }
    return names.count == 1 ? .name(names[0]) : .names(names)
  }

  private mutating func parenthesizedName() throws(TokenizeError) -> [String] {
    guard take("(") else { return [try expectName()] }
    var names = [try expectName()]
    while take(",") { names.append(try expectName()) }
    try expect(")")
    return names
  }

  private mutating func assignment(_ line: Int) throws(TokenizeError) -> TemplateStatement.Kind {
    let target = try target(allowsMember: true)
    if take("=") {
      let value = try expressionOrTuple()
      try endTag()
      return .assignment(target, value)
    }
    var filters: TemplateExpression?
    if isNext("|") {
      filters = try filtered(
        TemplateExpression(line: line, kind: .name(TemplateInterpreter.captured)))
    }
    try endTag()
    let inside = try body(until: ["endset"], of: "set", from: line)
    place += 1
    try endTag()
    return .capture(target, inside, filters: filters)
  }

  private mutating func macro(_ line: Int) throws(TokenizeError) -> TemplateStatement.Kind {
    let name = try expectName()
    try expect("(")
    var parameters: [(name: String, value: TemplateExpression?)] = []
    while !isNext(")") {
      let parameter = try expectName()
      parameters.append((parameter, take("=") ? try expression() : nil))
      guard take(",") else { break }
    }
    try expect(")")
    try endTag()
    let outerLoops = loops
    loops = 0
    let inside = try body(until: ["endmacro"], of: "macro", from: line)
    loops = outerLoops
    place += 1
    if token.kind == .name { place += 1 }
    try endTag()
    return .macro(TemplateMacro(name: name, parameters: parameters, body: inside))
  }
}
