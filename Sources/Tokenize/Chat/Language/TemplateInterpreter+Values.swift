// What values are and how operators join them, as Python has it.

extension TemplateInterpreter {
  /// A word for what a value is.
  func kind(of value: TemplateValue) -> String {
    switch value {
    case .undefined: "undefined value"
    case .none: "none"
    case .boolean: "boolean"
    case .integer: "integer"
    case .number: "number"
    case .text: "string"
    case .list(let list): list.isTuple ? "tuple" : "list"
    case .mapping: "mapping"
    case .namespace: "namespace"
    case .loop: "loop"
    case .macro: "macro"
    case .function: "function"
    }
  }

  /// Whether a value counts as true.
  func isTrue(_ value: TemplateValue) throws(TokenizeError) -> Bool {
    switch value {
    case .undefined, .none: false
    case .boolean(let value): value
    case .integer(let value): value != 0
    case .number(let value): value != 0
    case .text(let text): !text.bytes.isEmpty
    case .list(let list): !list.items.isEmpty
    case .mapping(let mapping): !mapping.keys.isEmpty
    case .namespace, .loop, .macro, .function: true
    }
  }

  /// A list, unless it is too deep or too long.
  func list(_ items: [TemplateValue], isTuple: Bool = false) throws(TokenizeError) -> TemplateValue
  {
    let list = TemplateList(items, isTuple: isTuple)
    try allow(weight: list.weight)
    try check(depth: list.depth)
    return .list(list)
  }

  /// A mapping, unless it is too deep.
  func mapping(
    _ members: [(TemplateText, TemplateValue)]
  ) throws(TokenizeError) -> TemplateValue {
    let mapping = TemplateMapping(members)
    try allow(weight: mapping.weight)
    try check(depth: mapping.depth)
    return .mapping(mapping)
  }

  private func check(depth: Int) throws(TokenizeError) {
    guard depth <= TemplateValue.deepest else {
      throw failure("a value of more than \(TemplateValue.deepest) levels")
    }
  }

  /// What a `for` over the value goes through.
  func items(of value: TemplateValue) throws(TokenizeError) -> [TemplateValue] {
    switch value {
    case .list(let list): list.items
    case .mapping(let mapping): mapping.keys.map { .text($0) }
    case .text(let text): try characters(of: text)
    case .undefined: []
    default: throw failure("a \(kind(of: value)) has no items to go through")
    }
  }

  /// `value.name`.
  func member(_ name: String, of value: TemplateValue) throws(TokenizeError) -> TemplateValue {
    switch value {
    case .mapping(let mapping):
      return mapping[Array(name.utf8)] ?? absent(name, "the mapping has no member \(name)")
    case .namespace(let namespace):
      return namespace.members[name] ?? .undefined("the namespace has no member \(name)")
    case .loop(let loop):
      guard let member = loop.member(name) else {
        throw failure("loop.\(name) is not supported")
      }
      return member
    case .undefined(let reason): throw failure(reason)
    default: return .undefined("a \(kind(of: value)) has no member \(name)")
    }
  }

  /// `value[key]`.
  func item(
    _ key: TemplateValue, of value: TemplateValue
  ) throws(TokenizeError) -> TemplateValue {
    if case .undefined(let reason) = value { throw failure(reason) }
    switch (value, key) {
    case (.list(let list), _):
      guard let index = integer(key) else { return .undefined("a list has numbered items") }
      let place = index < 0 ? index + list.items.count : index
      guard list.items.indices.contains(place) else {
        return .undefined("the list has no item \(index)")
      }
      return list.items[place]
    case (.text(let text), _):
      guard let index = integer(key) else { return .undefined("a string has numbered characters") }
      let count = text.characterCount
      let place = index < 0 ? index + count : index
      guard place >= 0, place < count else {
        return .undefined("the string has no character \(index)")
      }
      return .text(
        text.part(text.start(ofCharacter: place)..<text.start(ofCharacter: place + 1)))
    case (_, .text(let name)): return try member(name.string, of: value)
    default: return .undefined("a \(kind(of: value)) has no such item")
    }
  }

  /// `value[start:end:step]`.
  func slice(
    _ value: TemplateValue, _ start: TemplateValue?, _ end: TemplateValue?, _ step: TemplateValue?
  ) throws(TokenizeError) -> TemplateValue {
    func bound(_ value: TemplateValue?) throws(TokenizeError) -> Int? {
      guard let value else { return nil }
      if case .none = value { return nil }
      guard let number = integer(value) else {
        throw failure("a slice's bound is a \(kind(of: value))")
      }
      return number
    }
    let step = try bound(step) ?? 1
    guard step != 0 else { throw failure("a slice's step is 0") }
    let count: Int
    switch value {
    case .undefined(let reason): throw failure(reason)
    case .list(let list): count = list.items.count
    case .text(let text): count = text.characterCount
    default: throw failure("a \(kind(of: value)) has no slices")
    }
    func clamped(_ bound: Int?, _ otherwise: Int) -> Int {
      guard let bound else { return otherwise }
      let place = bound < 0 ? bound + count : bound
      return step > 0 ? min(max(place, 0), count) : min(max(place, -1), count - 1)
    }
    let from = clamped(try bound(start), step > 0 ? 0 : count - 1)
    let to = clamped(try bound(end), step > 0 ? count : -1)
    let places = stride(from: from, to: to, by: step)
    if case .list(let list) = value {
      return try self.list(places.map { list.items[$0] }, isTuple: list.isTuple)
    }
    guard case .text(let whole) = value, from != to else { return .text("") }
    if step == 1 {
      let start = whole.start(ofCharacter: from)
      return .text(whole.part(start..<max(start, whole.start(ofCharacter: to))))
    }
    let starts = whole.characterStarts
    var text = TemplateText([])
    for place in places { text.append(whole.part(starts[place]..<starts[place + 1])) }
    return .text(text)
  }

  /// A whole number; a boolean is one.
  func integer(_ value: TemplateValue) -> Int? {
    switch value {
    case .integer(let value): value
    case .boolean(let value): value ? 1 : 0
    default: nil
    }
  }

  /// A number.
  func number(_ value: TemplateValue) -> Double? {
    if case .number(let value) = value { return value }
    return integer(value).map { Double($0) }
  }

  // MARK: - Operators

  /// `-value`.
  func negated(_ value: TemplateValue) throws(TokenizeError) -> TemplateValue {
    if case .number(let value) = value { return .number(-value) }
    return try arithmetic(.integer(0), "-", value)
  }

  /// `left sign right`.
  func arithmetic(
    _ left: TemplateValue, _ sign: String, _ right: TemplateValue
  ) throws(TokenizeError) -> TemplateValue {
    if sign == "~" {
      var joined = try text(of: left)
      try append(try text(of: right), to: &joined)
      return .text(joined)
    }
    for case .undefined(let reason) in [left, right] { throw failure(reason) }
    switch (left, sign, right) {
    case (.text(var text), "+", .text(let other)):
      try append(other, to: &text)
      return .text(text)
    case (.list(let list), "+", .list(let other)) where list.isTuple == other.isTuple:
      try allow(weight: list.weight + other.weight - 1)
      return try self.list(list.items + other.items, isTuple: list.isTuple)
    case (.text(let text), "*", _), (_, "*", .text(let text)):
      if let count = integer(left) ?? integer(right) {
        // Neither factor is above the limit, so that their product fits.
        try allow(byteCount: count)
        try allow(byteCount: text.bytes.count * max(count, 0))
        return .text(text.repeated(max(count, 0)))
      }
    case (.text, "%", _): throw failure("formatting a string with % is not supported")
    default: break
    }
    if let left = integer(left), let right = integer(right), sign != "/" {
      return try whole(left, sign, right)
    }
    guard let a = number(left), let b = number(right) else {
      throw failure("\(sign) does not join a \(kind(of: left)) and a \(kind(of: right))")
    }
    switch sign {
    case "+": return .number(a + b)
    case "-": return .number(a - b)
    case "*": return .number(a * b)
    case "**": throw failure("** with a fraction is not supported")
    default:
      guard b != 0 else { throw failure("division by zero") }
      let floor = (a / b).rounded(.down)
      return .number(sign == "/" ? a / b : sign == "//" ? floor : a - floor * b)
    }
  }

  private func whole(
    _ left: Int, _ sign: String, _ right: Int
  ) throws(TokenizeError) -> TemplateValue {
    var result: (partialValue: Int, overflow: Bool)
    switch sign {
    case "+": result = left.addingReportingOverflow(right)
    case "-": result = left.subtractingReportingOverflow(right)
    case "*": result = left.multipliedReportingOverflow(by: right)
    case "**":
      guard right >= 0 else { throw failure("** with a negative power is not supported") }
      result = (1, false)
      for _ in 0..<min(right, 64) where !result.overflow {
        result = result.partialValue.multipliedReportingOverflow(by: left)
      }
      if right > 64, left.magnitude > 1 { result.overflow = true }
      if left == -1 { result = (right % 2 == 0 ? 1 : -1, false) }
    default:
      guard right != 0 else { throw failure("division by zero") }
      result = left.dividedReportingOverflow(by: right)
      let rest = left.remainderReportingOverflow(dividingBy: right).partialValue
      let isBelow = rest != 0 && (rest < 0) != (right < 0)
      if sign == "//" {
        if isBelow { result.partialValue -= 1 }
      } else {
        result = (isBelow ? rest + right : rest, false)
      }
    }
    guard !result.overflow else { throw failure("\(left) \(sign) \(right) is too large") }
    return .integer(result.partialValue)
  }

  /// Whether `left sign right` holds.
  func compare(
    _ left: TemplateValue, _ sign: String, _ right: TemplateValue
  ) throws(TokenizeError) -> Bool {
    switch sign {
    case "==": return areEqual(left, right)
    case "!=": return !areEqual(left, right)
    case "in": return try contains(right, left)
    case "not in": return !(try contains(right, left))
    default:
      guard let order = try order(left, right) else { return false }
      switch sign {
      case "<": return order < 0
      case "<=": return order <= 0
      case ">": return order > 0
      default: return order >= 0
      }
    }
  }

  /// Below 0 where `left` comes first, above 0 where `right` does; `nil` where neither does.
  func order(_ left: TemplateValue, _ right: TemplateValue) throws(TokenizeError) -> Int? {
    if let a = integer(left), let b = integer(right) { return a < b ? -1 : a > b ? 1 : 0 }
    if let a = number(left), let b = number(right) {
      return a < b ? -1 : a > b ? 1 : a == b ? 0 : nil
    }
    switch (left, right) {
    case (.text(let a), .text(let b)):
      return a.bytes == b.bytes ? 0 : a.bytes.lexicographicallyPrecedes(b.bytes) ? -1 : 1
    case (.list(let a), .list(let b)) where a.isTuple == b.isTuple:
      for (x, y) in zip(a.items, b.items) where !areEqual(x, y) { return try order(x, y) }
      return a.items.count - b.items.count
    case (.undefined(let reason), _), (_, .undefined(let reason)): throw failure(reason)
    default:
      throw failure("a \(kind(of: left)) and a \(kind(of: right)) have no order")
    }
  }

  /// Python's `==`.
  func areEqual(_ left: TemplateValue, _ right: TemplateValue) -> Bool {
    switch (left, right) {
    case (.undefined, .undefined), (.none, .none): return true
    case (.text(let a), .text(let b)): return a.bytes == b.bytes
    case (.list(let a), .list(let b)):
      return a === b
        || a.isTuple == b.isTuple && a.items.count == b.items.count
          && zip(a.items, b.items).allSatisfy { areEqual($0, $1) }
    case (.mapping(let a), .mapping(let b)):
      return a === b
        || a.keys.count == b.keys.count
          && zip(a.keys, a.values).allSatisfy { key, value in
            b[key.bytes].map { areEqual(value, $0) } ?? false
          }
    case (.namespace(let a), .namespace(let b)): return a === b
    default:
      if let a = integer(left), let b = integer(right) { return a == b }
      guard let a = number(left), let b = number(right) else { return false }
      return a == b
    }
  }

  /// Whether `item in value`.
  func contains(_ value: TemplateValue, _ item: TemplateValue) throws(TokenizeError) -> Bool {
    switch value {
    case .text(let text):
      guard case .text(let wanted) = item else {
        if case .undefined(let reason) = item { throw failure(reason) }
        throw failure("a \(kind(of: item)) cannot be in a string")
      }
      return wanted.bytes.isEmpty || text.firstRange(of: wanted.bytes) != nil
    case .list(let list): return list.items.contains { areEqual($0, item) }
    case .mapping(let mapping):
      guard case .text(let key) = item else { return false }
      return mapping[key.bytes] != nil
    case .undefined: return false
    default: throw failure("in does not look into a \(kind(of: value))")
    }
  }
}
