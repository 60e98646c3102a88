// Functions, and methods of strings, mappings and lists.

extension TemplateInterpreter {
  /// Calls a function that every template has.
  func call(
    _ function: TemplateFunction, _ arguments: TemplateArguments
  ) throws(TokenizeError) -> TemplateValue {
    switch function {
    case .raiseException:
      let reason = try text(of: arguments.value(0, "message") ?? .text("")).string
      throw failure("the template refuses the conversation: \(reason)")
    case .strftimeNow:
      throw failure(
        "the template asks for today's date, which would make the data depend on the day; "
          + "use a template with a fixed date")
    case .range: return try range(arguments)
    case .namespace, .dict:
      var members: [(TemplateText, TemplateValue)] = []
      if let first = arguments.values.first {
        guard case .mapping(let mapping) = first else {
          throw failure("\(function.rawValue)() of a \(kind(of: first)) is not supported")
        }
        members = Array(zip(mapping.keys, mapping.values))
      }
      members += arguments.named.map { (TemplateText($0.name), $0.value) }
      guard case .namespace = function else { return try mapping(members) }
      var named: [String: TemplateValue] = [:]
      for (key, value) in members {
        guard value.depth <= TemplateValue.deepest else {
          throw failure("a namespace cannot hold a \(kind(of: value))")
        }
        named[key.string] = value
      }
      return .namespace(TemplateNamespace(named))
    }
  }

  private func range(_ arguments: TemplateArguments) throws(TokenizeError) -> TemplateValue {
    let numbers = arguments.values.compactMap { integer($0) }
    guard numbers.count == arguments.values.count, (1...3).contains(numbers.count) else {
      throw failure("range() takes one to three whole numbers")
    }
    let start = numbers.count > 1 ? numbers[0] : 0
    let end = numbers.count > 1 ? numbers[1] : numbers[0]
    let step = numbers.count > 2 ? numbers[2] : 1
    guard step != 0 else { throw failure("range() with a step of 0") }
    // More than the sandbox of the reference allows is refused as well.
    let limit = 100_000
    var values: [TemplateValue] = []
    for value in stride(from: start, to: end, by: step) {
      values.append(.integer(value))
      guard values.count <= limit else { throw failure("range() of more than \(limit) numbers") }
    }
    return try list(values)
  }

  /// Calls a method.
  func call(
    _ method: String, of value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TokenizeError) -> TemplateValue {
    switch value {
    case .text(let text): return try call(method, of: text, arguments)
    case .mapping(let mapping):
      switch method {
      case "items": return try items(mapping)
      case "keys": return try list(mapping.keys.map { .text($0) })
      case "values": return try list(mapping.values)
      case "get":
        guard let key = arguments.value(0) else { throw failure("get() takes a key") }
        guard case .text(let name) = key else { return arguments.value(1) ?? .none }
        return mapping[name.bytes] ?? arguments.value(1) ?? .none
      default: throw failure("the method \(method) of a mapping is not supported")
      }
    case .list(let list):
      guard let wanted = arguments.value(0), method == "count" || method == "index" else {
        throw failure("the method \(method) of a \(kind(of: value)) is not supported")
      }
      if method == "count" { return .integer(list.items.count { areEqual($0, wanted) }) }
      guard let place = list.items.firstIndex(where: { areEqual($0, wanted) }) else {
        throw failure("index() finds nothing")
      }
      return .integer(place)
    case .namespace(let namespace):
      if case .macro = namespace.members[method] {
        throw failure("calling a macro in a namespace is not supported")
      }
      throw failure("the namespace has no method \(method)")
    case .undefined(let reason): throw failure(reason)
    default: throw failure("the method \(method) of a \(kind(of: value)) is not supported")
    }
  }

  /// The members of a mapping as pairs.
  func items(_ mapping: TemplateMapping) throws(TokenizeError) -> TemplateValue {
    try list(
      zip(mapping.keys, mapping.values).map {
        .list(TemplateList([.text($0), $1], isTuple: true))
      })
  }

  private func call(
    _ method: String, of text: TemplateText, _ arguments: TemplateArguments
  ) throws(TokenizeError) -> TemplateValue {
    func argument(_ place: Int) throws(TokenizeError) -> TemplateText? {
      switch arguments.value(place) {
      case nil, .some(.none): return nil
      case .some(.text(let text)): return text
      case .some(let other): throw failure("\(method)() takes a string, not a \(kind(of: other))")
      }
    }
    func count(_ place: Int, _ name: String) -> Int {
      guard let given = arguments.value(place, name), let number = integer(given), number >= 0
      else { return .max }
      return number
    }
    switch method {
    case "strip", "lstrip", "rstrip":
      return .text(
        text.stripped(try argument(0)?.bytes, left: method != "rstrip", right: method != "lstrip"))
    case "upper", "lower", "title", "capitalize": return .text(try cased(text, method))
    case "startswith", "endswith":
      return .boolean(
        try affixes(arguments).contains {
          method == "startswith"
            ? text.bytes.starts(with: $0.bytes)
            : text.bytes.reversed().starts(with: $0.bytes.reversed())
        })
    case "split", "rsplit":
      let separator = try argument(0)
      if let separator, separator.bytes.isEmpty { throw failure("\(method)() at an empty string") }
      let limit = count(1, "maxsplit")
      if method == "rsplit", limit != .max {
        guard let separator else {
          throw failure("rsplit() at white space with a limit is not supported")
        }
        try allow(weight: min(text.count(of: separator.bytes, limit: limit), limit) + 2)
        return try list(text.splitFromRight(separator.bytes, limit: limit).map { .text($0) })
      }
      return try list(try parts(of: text, at: separator?.bytes, limit: limit).map { .text($0) })
    case "splitlines":
      let unified = text.replacing(TemplateText("\r\n"), with: TemplateText("\n"), limit: .max)
      var lines = try parts(of: unified, at: [0x0A])
      if lines.last?.bytes.isEmpty == true { lines.removeLast() }
      return try list(lines.map { .text($0) })
    case "replace":
      guard let old = try argument(0), let new = try argument(1) else {
        throw failure("replace() takes two strings")
      }
      return .text(try replacing(old, with: new, in: text, limit: count(2, "count")))
    case "join":
      return .text(try joined(arguments.value(0) ?? .undefined("join() takes a list"), text))
    case "find", "count", "index":
      guard let wanted = try argument(0) else { throw failure("\(method)() takes a string") }
      if method == "count", !wanted.bytes.isEmpty {
        return .integer(text.count(of: wanted.bytes, limit: .max))
      }
      guard let found = wanted.bytes.isEmpty ? 0..<0 : text.firstRange(of: wanted.bytes) else {
        guard method == "find" else { throw failure("index() finds nothing") }
        return .integer(-1)
      }
      return .integer(text.part(0..<found.lowerBound).characterCount)
    case "isdigit", "isspace", "isalpha", "isalnum", "isupper", "islower":
      return .boolean(Self.isAll(method, text.string))
    case "removeprefix", "removesuffix":
      guard let affix = try argument(0) else { throw failure("\(method)() takes a string") }
      let size = affix.bytes.count
      if method == "removeprefix" {
        return .text(
          text.bytes.starts(with: affix.bytes) ? text.part(size..<text.bytes.count) : text)
      }
      return .text(
        text.bytes.reversed().starts(with: affix.bytes.reversed())
          ? text.part(0..<text.bytes.count - size) : text)
    default: throw failure("the method \(method) of a string is not supported")
    }
  }

  private func affixes(_ arguments: TemplateArguments) throws(TokenizeError) -> [TemplateText] {
    switch arguments.value(0) {
    case .some(.text(let text)): return [text]
    case .some(.list(let list)):
      var texts: [TemplateText] = []
      for case .text(let text) in list.items { texts.append(text) }
      return texts
    default: throw failure("startswith() and endswith() take a string or a tuple of strings")
    }
  }

  private static func isAll(_ method: String, _ text: String) -> Bool {
    let scalars = text.unicodeScalars
    switch method {
    case "isspace": return !scalars.isEmpty && scalars.allSatisfy(TemplateText.isSpace)
    case "isupper": return text.lowercased() != text && text.uppercased() == text
    case "islower": return text.uppercased() != text && text.lowercased() == text
    default:
      return !scalars.isEmpty
        && scalars.allSatisfy { scalar in
          switch scalar.properties.generalCategory {
          case .decimalNumber: method != "isalpha"
          case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            method != "isdigit"
          default: false
          }
        }
    }
  }

  /// A text in another case; `method` is Python's name for it.
  func cased(_ text: TemplateText, _ method: String) throws(TokenizeError) -> TemplateText {
    let string = text.string
    let bytes: [UInt8]
    switch method {
    case "upper": bytes = Array(string.uppercased().utf8)
    case "lower": bytes = Array(string.lowercased().utf8)
    default:
      var result = ""
      var isInside = false
      for scalar in string.unicodeScalars {
        result +=
          isInside ? scalar.properties.lowercaseMapping : scalar.properties.titlecaseMapping
        isInside = method == "capitalize" || scalar.properties.isCased
      }
      bytes = Array(result.utf8)
    }
    // At most three times as long.
    try allow(byteCount: bytes.count)
    return TemplateText(bytes, of: text)
  }

  /// The texts of a list with a separator between them.
  func joined(_ value: TemplateValue, _ separator: TemplateText) throws(TokenizeError)
    -> TemplateText
  {
    var result = TemplateText([])
    for (place, item) in try items(of: value).enumerated() {
      if place > 0 { try append(separator, to: &result) }
      try append(try text(of: item), to: &result)
    }
    return result
  }
}
