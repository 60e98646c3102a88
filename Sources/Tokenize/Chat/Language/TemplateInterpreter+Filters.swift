// Filters and tests.

extension TemplateInterpreter {
  /// The filters there are.
  static let filters: Set<String> = [
    "abs", "capitalize", "count", "d", "default", "dictsort", "e", "escape", "first", "float",
    "indent", "int", "items", "join", "last", "length", "list", "lower", "map", "max", "min",
    "reject", "rejectattr", "replace", "reverse", "safe", "select", "selectattr", "sort",
    "string", "sum", "title", "tojson", "trim", "unique", "upper",
  ]

  /// The tests there are.
  static let tests: Set<String> = [
    "boolean", "defined", "divisibleby", "eq", "equalto", "even", "false", "float", "ge", "gt",
    "in", "integer", "iterable", "le", "lower", "lt", "mapping", "ne", "none", "number", "odd",
    "sameas", "sequence", "string", "true", "undefined", "upper",
  ]

  /// `value|name(arguments)`.
  func filter(
    _ name: String, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TokenizeError) -> TemplateValue {
    switch name {
    case "trim":
      var set: [UInt8]?
      if case .text(let chars) = arguments.value(0, "chars") { set = chars.bytes }
      return .text(try text(of: value).stripped(set, left: true, right: true))
    case "title": return .text(try titled(text(of: value)))
    case "upper", "lower", "capitalize": return .text(try cased(text(of: value), name))
    case "string", "safe": return .text(try text(of: value))
    case "e", "escape": return .text(try escaped(text(of: value)))
    case "default", "d":
      let other = arguments.value(0, "default_value") ?? .text("")
      if case .undefined = value { return other }
      let replacesFalse = try isTrue(arguments.value(1, "boolean") ?? .boolean(false))
      let isFalse = try !isTrue(value)
      return replacesFalse && isFalse ? other : value
    case "replace":
      guard case .text(let old) = arguments.value(0, "old"),
        case .text(let new) = arguments.value(1, "new")
      else { throw failure("replace takes two strings") }
      let limit = arguments.value(2, "count").flatMap { integer($0) } ?? .max
      return .text(try replacing(old, with: new, in: try text(of: value), limit: limit))
    case "tojson": return .text(try json(value, try style(arguments)))
    case "indent": return .text(try indented(text(of: value), arguments))
    case "int":
      return .integer(wholeNumber(value) ?? arguments.value(0).flatMap { integer($0) } ?? 0)
    case "float":
      if case .text(let text) = value {
        return .number(Double(text.stripped(nil, left: true, right: true).string) ?? 0)
      }
      return .number(number(value) ?? 0)
    case "abs":
      guard let magnitude = number(value) else {
        throw failure("abs of a \(kind(of: value))")
      }
      return magnitude < 0 ? try negated(value) : value
    default: return try listFilter(name, value, arguments)
    }
  }

  private func listFilter(
    _ name: String, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TokenizeError) -> TemplateValue {
    switch name {
    case "length", "count":
      switch value {
      case .text(let text): return .integer(text.characterCount)
      default: return .integer(try items(of: value).count)
      }
    case "items":
      if case .undefined = value { return try list([]) }
      guard case .mapping(let mapping) = value else {
        throw failure("items of a \(kind(of: value))")
      }
      return try items(mapping)
    case "dictsort":
      guard case .mapping(let mapping) = value else {
        throw failure("dictsort of a \(kind(of: value))")
      }
      var rows: [(sortKey: [UInt8], pair: TemplateValue)] = []
      for (key, value) in zip(mapping.keys, mapping.values) {
        rows.append(
          (try cased(key, "lower").bytes, .list(TemplateList([.text(key), value], isTuple: true))))
      }
      rows.sort { $0.sortKey.lexicographicallyPrecedes($1.sortKey) }
      return try list(rows.map(\.pair))
    case "list": return try list(try items(of: value))
    case "first":
      return try items(of: value).first ?? .undefined("there is no first item")
    case "last": return try items(of: value).last ?? .undefined("there is no last item")
    case "reverse":
      guard case .text(let text) = value else { return try list(try items(of: value).reversed()) }
      return .text(text.reversed)
    case "join":
      var items = try items(of: value)
      if let attribute = arguments.value(1, "attribute") {
        items = try items.map { item throws(TokenizeError) in try member(attribute, of: item) }
      }
      let separator = try arguments.value(0, "d").map { value throws(TokenizeError) in
        try text(of: value)
      }
      return .text(try joined(.list(TemplateList(items)), separator ?? TemplateText([])))
    case "sum":
      var sum = arguments.value(1, "start") ?? .integer(0)
      for item in try items(of: value) {
        let part = try arguments.value(0, "attribute").map { name throws(TokenizeError) in
          try member(name, of: item)
        }
        sum = try arithmetic(sum, "+", part ?? item)
      }
      return sum
    case "sort", "min", "max", "unique": return try ordered(name, value, arguments)
    case "map": return try mapped(value, arguments)
    default: return try chosen(name, value, arguments)
    }
  }

  private func member(
    _ attribute: TemplateValue, of item: TemplateValue
  ) throws(TokenizeError) -> TemplateValue {
    if case .integer = attribute { return try self.item(attribute, of: item) }
    guard case .text(let path) = attribute else {
      throw failure("an attribute is named by a string")
    }
    var value = item
    for part in try parts(of: path, at: [0x2E]) {
      value = try self.item(
        Int(part.string).map { .integer($0) } ?? .text(part), of: value)
    }
    return value
  }

  private func ordered(
    _ name: String, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TokenizeError) -> TemplateValue {
    let attribute = arguments.value(name == "sort" ? 2 : 1, "attribute")
    let isSensitive = try isTrue(
      arguments.value(name == "sort" ? 1 : 0, "case_sensitive") ?? .boolean(false))
    var rows: [(key: TemplateValue, item: TemplateValue)] = []
    for item in try items(of: value) {
      var key =
        try attribute.map { name throws(TokenizeError) in try member(name, of: item) } ?? item
      if !isSensitive, case .text(let text) = key { key = .text(try cased(text, "lower")) }
      if name == "unique", rows.contains(where: { areEqual($0.key, key) }) { continue }
      rows.append((key, item))
    }
    if name == "unique" { return try list(rows.map(\.item)) }
    // An insertion by halves keeps equal rows in their order and lets the comparison throw.
    var sorted: [(key: TemplateValue, item: TemplateValue)] = []
    for row in rows {
      var low = 0
      var high = sorted.count
      while low < high {
        let middle = (low + high) / 2
        if let order = try order(row.key, sorted[middle].key), order < 0 {
          high = middle
        } else {
          low = middle + 1
        }
      }
      sorted.insert(row, at: low)
    }
    switch name {
    case "min": return sorted.first?.item ?? .undefined("there is no item")
    case "max":
      guard let last = sorted.last else { return .undefined("there is no item") }
      return sorted.first { areEqual($0.key, last.key) }?.item ?? last.item
    default:
      let isReversed = try isTrue(arguments.value(0, "reverse") ?? .boolean(false))
      guard isReversed else { return try list(sorted.map(\.item)) }
      var reversed: [TemplateValue] = []
      var end = sorted.count
      while end > 0 {
        var start = end - 1
        while start > 0, areEqual(sorted[start - 1].key, sorted[end - 1].key) { start -= 1 }
        reversed += sorted[start..<end].map(\.item)
        end = start
      }
      return try list(reversed)
    }
  }

  private func mapped(
    _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TokenizeError) -> TemplateValue {
    var results: [TemplateValue] = []
    if let attribute = arguments.value(.max, "attribute") {
      for item in try items(of: value) {
        var result = try member(attribute, of: item)
        if case .undefined = result, let other = arguments.value(.max, "default") { result = other }
        results.append(result)
      }
      return try list(results)
    }
    let name = try called(arguments, Self.filters, "filter")
    let rest = TemplateArguments(
      values: Array(arguments.values.dropFirst()), named: arguments.named)
    var weight = 1
    for item in try items(of: value) {
      let result = try deeper { () throws(TokenizeError) in try filter(name, item, rest) }
      try append(result, to: &results, weight: &weight)
    }
    return try list(results)
  }

  private func called(
    _ arguments: TemplateArguments, _ known: Set<String>, _ what: String
  ) throws(TokenizeError) -> String {
    guard case .text(let name) = arguments.value(0) else {
      throw failure("the name of a \(what) was expected")
    }
    guard known.contains(name.string) else {
      throw failure("the \(what) \(name.string) is not supported")
    }
    return name.string
  }

  /// `select`, `reject`, `selectattr`, `rejectattr`.
  private func chosen(
    _ name: String, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TokenizeError) -> TemplateValue {
    var rest = arguments
    var attribute: TemplateValue?
    if name.hasSuffix("attr") {
      guard !rest.values.isEmpty else { throw failure("\(name) takes the name of an attribute") }
      attribute = rest.values.removeFirst()
    }
    var testName: String?
    if !rest.values.isEmpty {
      testName = comparisons[try text(of: rest.values[0]).string]
      if testName == nil { testName = try called(rest, Self.tests, "test") }
      rest.values.removeFirst()
    }
    var kept: [TemplateValue] = []
    for item in try items(of: value) {
      let subject =
        try attribute.map { name throws(TokenizeError) in
          try member(name, of: item)
        } ?? item
      let holds =
        if let testName { try test(testName, subject, rest) } else { try isTrue(subject) }
      if holds == name.hasPrefix("select") { kept.append(item) }
    }
    return try list(kept)
  }

  private var comparisons: [String: String] {
    ["==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "equalto": "eq"]
  }

  private func wholeNumber(_ value: TemplateValue) -> Int? {
    switch value {
    case .number(let value): Int(exactly: value.rounded(.towardZero))
    case .text(let text):
      Int(text.stripped(nil, left: true, right: true).string)
        ?? Double(text.stripped(nil, left: true, right: true).string).flatMap {
          Int(exactly: $0.rounded(.towardZero))
        }
    default: integer(value)
    }
  }

  /// Jinja's titles: a word begins behind white space and `-({[<`, unlike with Python's method.
  private func titled(_ text: TemplateText) throws(TokenizeError) -> TemplateText {
    var result = ""
    var isInside = false
    for scalar in text.string.unicodeScalars {
      result += isInside ? scalar.properties.lowercaseMapping : scalar.properties.uppercaseMapping
      isInside = !TemplateText.isSpace(scalar) && !"-({[<".unicodeScalars.contains(scalar)
    }
    try allow(byteCount: result.utf8.count)
    return TemplateText(Array(result.utf8), of: text)
  }

  private func escaped(_ text: TemplateText) throws(TokenizeError) -> TemplateText {
    var result = text
    for (old, new) in [
      ("&", "&amp;"), (">", "&gt;"), ("<", "&lt;"), ("'", "&#39;"), ("\"", "&#34;"),
    ] {
      result = try replacing(
        TemplateText(old), with: TemplateText(new), in: result, limit: .max)
    }
    return result
  }

  private func indented(
    _ text: TemplateText, _ arguments: TemplateArguments
  ) throws(TokenizeError) -> TemplateText {
    var margin = TemplateText("    ")
    switch arguments.value(0, "width") {
    case .some(.text(let given)): margin = given
    case .some(let given):
      guard let width = integer(given), (0...1000).contains(width) else {
        throw failure("indent takes a width of 0 to 1000")
      }
      margin = TemplateText(Array(repeating: 0x20, count: width))
    case nil: break
    }
    let first = try isTrue(arguments.value(1, "first") ?? .boolean(false))
    let blank = try isTrue(arguments.value(2, "blank") ?? .boolean(false))
    var result = TemplateText([])
    for (place, line) in try parts(of: text, at: [0x0A]).enumerated() {
      if place > 0 { result.append(TemplateText("\n")) }
      if place == 0 ? first : blank || !line.bytes.isEmpty { try append(margin, to: &result) }
      try append(line, to: &result)
    }
    return result
  }

  private func style(_ arguments: TemplateArguments) throws(TokenizeError) -> JSONStyle {
    var style = JSONStyle()
    style.escapesAll = try isTrue(arguments.value(0, "ensure_ascii") ?? .boolean(false))
    style.sortsKeys = try isTrue(arguments.value(3, "sort_keys") ?? .boolean(false))
    switch arguments.value(1, "indent") {
    case .some(.text(let text)): style.indent = text.bytes
    case .some(let value):
      if let width = integer(value) {
        guard (0...1000).contains(width) else {
          throw failure("tojson takes an indent of 0 to 1000")
        }
        style.indent = Array(repeating: 0x20, count: width)
      }
    case nil: break
    }
    if style.indent != nil { style.itemSeparator = Array(",".utf8) }
    if case .list(let pair) = arguments.value(2, "separators"), pair.items.count == 2 {
      style.itemSeparator = try text(of: pair.items[0]).bytes
      style.keySeparator = try text(of: pair.items[1]).bytes
    }
    return style
  }

  // MARK: - Tests

  /// `value is name(arguments)`.
  func test(
    _ name: String, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TokenizeError) -> Bool {
    func other() throws(TokenizeError) -> TemplateValue {
      guard let other = arguments.value(0) else { throw failure("the test \(name) takes a value") }
      return other
    }
    switch (name, value) {
    case ("defined", .undefined): return false
    case ("defined", _): return true
    case ("undefined", .undefined), ("none", .none): return true
    case ("boolean", .boolean), ("integer", .integer), ("float", .number): return true
    case ("number", .integer), ("number", .number), ("number", .boolean): return true
    case ("string", .text), ("mapping", .mapping): return true
    case ("iterable", .text), ("iterable", .list), ("iterable", .mapping), ("iterable", .undefined):
      return true
    case ("sequence", .text), ("sequence", .list), ("sequence", .mapping), ("sequence", .undefined):
      return true
    case ("true", .boolean(let value)): return value
    case ("false", .boolean(let value)): return !value
    case ("sameas", _): return isSame(value, try other())
    case ("upper", .text(let text)): return try cased(text, "upper").bytes == text.bytes
    case ("lower", .text(let text)): return try cased(text, "lower").bytes == text.bytes
    case ("odd", _), ("even", _), ("divisibleby", _):
      let divisor = name == "divisibleby" ? try other() : .integer(2)
      let rest = try arithmetic(value, "%", divisor)
      return areEqual(rest, .integer(name == "odd" ? 1 : 0))
    case ("in", _): return try contains(try other(), value)
    case ("eq", _), ("equalto", _): return areEqual(value, try other())
    case ("ne", _): return !areEqual(value, try other())
    case ("lt", _): return try compare(value, "<", try other())
    case ("le", _): return try compare(value, "<=", try other())
    case ("gt", _): return try compare(value, ">", try other())
    case ("ge", _): return try compare(value, ">=", try other())
    default: return false
    }
  }

  private func isSame(_ left: TemplateValue, _ right: TemplateValue) -> Bool {
    switch (left, right) {
    case (.boolean(let a), .boolean(let b)): a == b
    case (.boolean, _), (_, .boolean): false
    case (.list(let a), .list(let b)): a === b
    case (.mapping(let a), .mapping(let b)): a === b
    default: areEqual(left, right)
    }
  }
}
