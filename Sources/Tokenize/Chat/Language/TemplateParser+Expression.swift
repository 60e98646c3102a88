extension TemplateParser {
  /// An expression, or several with commas between them, which make a tuple.
  mutating func expressionOrTuple(
    allowsConditional: Bool = true
  ) throws(TokenizeError) -> TemplateExpression {
    let line = token.line
    let first = allowsConditional ? try expression() : try either()
    guard isNext(",") else { return first }
    var items = [first]
    while take(",") {
      if [.endBlock, .endOutput].contains(token.kind) || isNext(")") { break }
      items.append(allowsConditional ? try expression() : try either())
    }
    return TemplateExpression(line: line, kind: .list(items, isTuple: true))
  }

  /// `a`, or `a if b else c`.
  mutating func expression() throws(TokenizeError) -> TemplateExpression {
    try deeper { parser throws(TokenizeError) in
      var value = try parser.either()
      let outer = parser.depth
      defer { parser.depth = outer }
      while parser.isNext(word: "if") {
        let line = parser.token.line
        parser.place += 1
        try parser.countLevel()
        let condition = try parser.either()
        let otherwise = parser.take(word: "else") ? try parser.expression() : nil
        value = TemplateExpression(
          line: line, kind: .conditional(value, condition: condition, otherwise: otherwise))
      }
      return value
    }
  }

  /// Counts a level of an expression that grows to the right, as `a + b + c` does.
  private mutating func countLevel() throws(TokenizeError) {
    depth += 1
    guard depth <= Self.deepest else {
      throw failure("more than \(Self.deepest) levels inside each other")
    }
  }

  /// Reads operands with operators between them that bind alike, from the left.
  private mutating func chain(
    _ signs: [String], _ operand: (inout TemplateParser) throws(TokenizeError) -> TemplateExpression
  ) throws(TokenizeError) -> TemplateExpression {
    var value = try operand(&self)
    let outer = depth
    defer { depth = outer }
    while token.kind == .sign, signs.contains(token.text) {
      let sign = token
      place += 1
      try countLevel()
      let right = try operand(&self)
      value = TemplateExpression(line: sign.line, kind: .arithmetic(value, sign.text, right))
    }
    return value
  }

  private mutating func either() throws(TokenizeError) -> TemplateExpression {
    var value = try both()
    let outer = depth
    defer { depth = outer }
    while isNext(word: "or") {
      let line = token.line
      place += 1
      try countLevel()
      value = TemplateExpression(line: line, kind: .or(value, try both()))
    }
    return value
  }

  private mutating func both() throws(TokenizeError) -> TemplateExpression {
    var value = try negation()
    let outer = depth
    defer { depth = outer }
    while isNext(word: "and") {
      let line = token.line
      place += 1
      try countLevel()
      value = TemplateExpression(line: line, kind: .and(value, try negation()))
    }
    return value
  }

  private mutating func negation() throws(TokenizeError) -> TemplateExpression {
    let line = token.line
    guard take(word: "not") else { return try comparison() }
    return try deeper { parser throws(TokenizeError) in
      TemplateExpression(line: line, kind: .not(try parser.negation()))
    }
  }

  private mutating func comparison() throws(TokenizeError) -> TemplateExpression {
    let line = token.line
    let first = try sum()
    var others: [(sign: String, value: TemplateExpression)] = []
    while true {
      if token.kind == .sign, ["==", "!=", "<", "<=", ">", ">="].contains(token.text) {
        let sign = token.text
        place += 1
        others.append((sign, try sum()))
      } else if take(word: "in") {
        others.append(("in", try sum()))
      } else if isNext(word: "not"), place + 1 < tokens.count, tokens[place + 1].kind == .name,
        tokens[place + 1].text == "in"
      {
        place += 2
        others.append(("not in", try sum()))
      } else {
        guard !others.isEmpty else { return first }
        return TemplateExpression(line: line, kind: .comparison(first, others))
      }
    }
  }

  private mutating func sum() throws(TokenizeError) -> TemplateExpression {
    try chain(["+", "-"]) { parser throws(TokenizeError) in
      try parser.chain(["~"]) { parser throws(TokenizeError) in
        try parser.chain(["*", "/", "//", "%"]) { parser throws(TokenizeError) in
          try parser.chain(["**"]) { parser throws(TokenizeError) in
            try parser.signed(withFilters: true)
          }
        }
      }
    }
  }

  private mutating func signed(withFilters: Bool) throws(TokenizeError) -> TemplateExpression {
    let line = token.line
    var value: TemplateExpression
    if isNext("-") || isNext("+") {
      let isNegative = isNext("-")
      place += 1
      value = try deeper { parser throws(TokenizeError) in
        let operand = try parser.signed(withFilters: false)
        return TemplateExpression(
          line: line, kind: isNegative ? .negative(operand) : .positive(operand))
      }
    } else {
      value = try primary()
    }
    let outer = depth
    defer { depth = outer }
    value = try postfix(value)
    return withFilters ? try filtered(value) : value
  }

  private mutating func primary() throws(TokenizeError) -> TemplateExpression {
    let here = token
    func made(_ kind: TemplateExpression.Kind) -> TemplateExpression {
      TemplateExpression(line: here.line, kind: kind)
    }
    switch here.kind {
    case .name:
      place += 1
      switch here.text {
      case "true", "True": return made(.boolean(true))
      case "false", "False": return made(.boolean(false))
      case "none", "None": return made(.none)
      case "and", "or", "not", "in", "is", "if", "else", "for":
        place -= 1
        throw failure("expected a value, found \(here.text)")
      default: return made(.name(here.text))
      }
    case .string:
      var text = here.bytes
      while token.kind == .string {
        if place + 1 < tokens.count, tokens[place + 1].kind == .string {
          text += tokens[place + 1].bytes
        }
        place += 1
      }
      return made(.text(TemplateText(text)))
    case .integer:
      place += 1
      guard let value = Int(here.text.filter { $0 != "_" }) else {
        throw failure("the number \(here.text) is too large", line: here.line)
      }
      return made(.integer(value))
    case .number:
      place += 1
      return made(.number(Double(here.text.filter { $0 != "_" }) ?? 0))
    case .sign: return try bracketed(here)
    default: throw failure("expected a value, found \(describe(here))")
    }
  }

  private mutating func bracketed(_ here: TemplateToken) throws(TokenizeError) -> TemplateExpression
  {
    if take("(") {
      if take(")") {
        return TemplateExpression(line: here.line, kind: .list([], isTuple: true))
      }
      let value = try expressionOrTuple()
      try expect(")")
      return value
    }
    if take("[") {
      var items: [TemplateExpression] = []
      while !isNext("]") {
        items.append(try expression())
        guard take(",") else { break }
      }
      try expect("]")
      return TemplateExpression(line: here.line, kind: .list(items, isTuple: false))
    }
    guard take("{") else { throw failure("expected a value, found \(describe(here))") }
    var members: [(key: TemplateExpression, value: TemplateExpression)] = []
    while !isNext("}") {
      let key = try expression()
      try expect(":")
      members.append((key, try expression()))
      guard take(",") else { break }
    }
    try expect("}")
    return TemplateExpression(line: here.line, kind: .mapping(members))
  }

  /// What stands behind a value: members, items, slices, calls.
  private mutating func postfix(_ first: TemplateExpression) throws(TokenizeError)
    -> TemplateExpression
  {
    var value = first
    while token.kind == .sign {
      let line = token.line
      if take(".") {
        try countLevel()
        if token.kind == .integer, let index = Int(token.text) {
          place += 1
          let item = TemplateExpression(line: line, kind: .integer(index))
          value = TemplateExpression(line: line, kind: .item(value, item))
        } else {
          value = TemplateExpression(line: line, kind: .attribute(value, try expectName()))
        }
      } else if take("[") {
        try countLevel()
        value = TemplateExpression(line: line, kind: try subscripted(value))
      } else if isNext("(") {
        try countLevel()
        value = TemplateExpression(line: line, kind: .call(value, try arguments()))
      } else {
        break
      }
    }
    return value
  }

  private mutating func subscripted(
    _ value: TemplateExpression
  ) throws(TokenizeError) -> TemplateExpression.Kind {
    var parts: [TemplateExpression?] = []
    var colons = 0
    var current: TemplateExpression?
    while !isNext("]") {
      if take(":") {
        parts.append(current)
        current = nil
        colons += 1
        guard colons <= 2 else { throw failure("expected ], found :") }
      } else {
        guard current == nil else { throw failure("expected ], found \(describe(token))") }
        current = try expression()
      }
    }
    try expect("]")
    parts.append(current)
    if colons == 0 {
      guard let item = parts[0] else { throw failure("expected a value, found ]") }
      return .item(value, item)
    }
    return .slice(
      value, start: parts[0], end: parts[1], step: parts.count > 2 ? parts[2] : nil)
  }

  private mutating func arguments() throws(TokenizeError) -> TemplateExpression.Arguments {
    try expect("(")
    var arguments = TemplateExpression.Arguments()
    while !isNext(")") {
      if isNext("*") || isNext("**") {
        throw failure("\(token.text) before an argument is not supported")
      }
      if token.kind == .name, place + 1 < tokens.count, tokens[place + 1].kind == .sign,
        tokens[place + 1].text == "="
      {
        let name = try expectName()
        place += 1
        arguments.named.append((name, try expression()))
      } else {
        guard arguments.named.isEmpty else {
          throw failure("an argument without a name behind one with a name")
        }
        arguments.values.append(try expression())
      }
      guard take(",") else { break }
    }
    try expect(")")
    return arguments
  }

  /// The filters and tests behind a value.
  mutating func filtered(_ first: TemplateExpression) throws(TokenizeError) -> TemplateExpression {
    var value = first
    while true {
      let line = token.line
      if take("|") {
        try countLevel()
        let name = try expectName()
        guard TemplateInterpreter.filters.contains(name) else {
          throw failure("the filter \(name) is not supported", line: line)
        }
        let arguments = isNext("(") ? try arguments() : TemplateExpression.Arguments()
        value = TemplateExpression(line: line, kind: .filter(value, name, arguments))
      } else if take(word: "is") {
        try countLevel()
        value = try tested(value, line)
      } else if isNext("(") {
        try countLevel()
        value = TemplateExpression(line: line, kind: .call(value, try arguments()))
      } else {
        return value
      }
    }
  }

  private mutating func tested(
    _ value: TemplateExpression, _ line: Int
  ) throws(TokenizeError) -> TemplateExpression {
    let isNegated = take(word: "not")
    // The signs of comparison are no names here, but `in` is one.
    let name = try expectName()
    guard TemplateInterpreter.tests.contains(name) else {
      throw failure("the test \(name) is not supported", line: line)
    }
    var arguments = TemplateExpression.Arguments()
    if isNext("(") {
      arguments = try self.arguments()
    } else if beginsArgument {
      arguments.values = [try postfix(try primary())]
    }
    let test = TemplateExpression(line: line, kind: .test(value, name, arguments))
    return isNegated ? TemplateExpression(line: line, kind: .not(test)) : test
  }

  /// Whether the next token begins the argument of a test without parentheses.
  private var beginsArgument: Bool {
    switch token.kind {
    case .name: !["else", "or", "and", "if", "is"].contains(token.text)
    case .string, .integer, .number: true
    case .sign: isNext("[") || isNext("{")
    default: false
    }
  }
}
