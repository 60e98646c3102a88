/// Renders a parsed template.
///
/// It writes pieces, each with the number of the message that it belongs to: while a loop stands at a
/// message, all that is written belongs to that one; elsewhere, what was read from a message belongs
/// to it. Depth, sizes and the number of steps are bounded.
final class TemplateInterpreter {
  /// The name of a captured block while its filters run; no template can use it.
  static let captured = " captured"
  /// The most bytes of a text, and the most items of a list.
  static let largest = 1 << 28
  private static let deepest = 500
  private static let mostSteps = 50_000_000

  private let name: String
  private(set) var pieces: [ChatSpan] = []
  /// The messages that something was written of.
  private(set) var usedTurns: Set<Int> = []
  /// Names that something was to be written of, and that nothing has.
  private(set) var absentNames: Set<String> = []
  /// The names by the reason that a value of theirs is undefined for.
  private var namesByReason: [String: String] = [:]
  private var scopes: [[String: TemplateValue]]
  /// The message that a loop stands at.
  private var turn: Int?
  private var loopDepth = 0
  private var depth = 0
  private var steps = 0
  private var written = 0
  /// The line being worked on.
  private(set) var line = 1

  /// How a row of statements ended.
  private enum Ending {
    case whole
    case broken
    case continued
  }

  init(name: String, variables: [String: TemplateValue]) {
    self.name = name
    scopes = [variables]
  }

  /// An error at the current line.
  func failure(_ reason: String) -> TokenizeError {
    .template(name: name, line: line, reason: reason)
  }

  /// Runs a whole template.
  func run(_ statements: [TemplateStatement]) throws(TokenizeError) {
    _ = try execute(statements)
  }

  /// Counts a unit of work.
  private func step() throws(TokenizeError) {
    steps += 1
    guard steps <= Self.mostSteps else {
      throw failure("the template takes more than \(Self.mostSteps) steps")
    }
  }

  /// Runs `work` one level deeper.
  func deeper<Result>(_ work: () throws(TokenizeError) -> Result) throws(TokenizeError) -> Result {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.deepest else {
      throw failure("more than \(Self.deepest) levels inside each other")
    }
    try step()
    return try work()
  }

  // MARK: - Statements

  private func execute(_ statements: [TemplateStatement]) throws(TokenizeError) -> Ending {
    for statement in statements {
      line = statement.line
      let ending = try deeper { () throws(TokenizeError) in try execute(statement) }
      guard ending == .whole else { return ending }
    }
    return .whole
  }

  private func execute(_ statement: TemplateStatement) throws(TokenizeError) -> Ending {
    switch statement.kind {
    case .text(let bytes): try write(TemplateText(bytes))
    case .output(let expression): try write(try text(of: try evaluate(expression)))
    case .branches(let branches, let otherwise):
      for branch in branches where try isTrue(try evaluate(branch.condition)) {
        return try execute(branch.body)
      }
      return try execute(otherwise)
    case .loop(let loop): try execute(loop)
    case .assignment(let target, let expression):
      let value = try evaluate(expression)
      // A loop over numbers that fetches its message stands at that message from here on.
      if turn == nil, loopDepth > 0, case .mapping(let mapping) = value { turn = mapping.turn }
      line = statement.line
      try assign(value, to: target)
    case .capture(let target, let body, let filters):
      var value = TemplateValue.text(try capture(body))
      if let filters {
        scopes.append([Self.captured: value])
        defer { scopes.removeLast() }
        value = try evaluate(filters)
      }
      try assign(value, to: target)
    case .macro(let macro): scopes[scopes.count - 1][macro.name] = .macro(macro)
    case .breakLoop: return .broken
    case .continueLoop: return .continued
    }
    return .whole
  }

  private func execute(_ loop: TemplateForLoop) throws(TokenizeError) {
    var items = try self.items(of: try evaluate(loop.items))
    if let condition = loop.condition {
      var kept: [TemplateValue] = []
      for item in items {
        scopes.append([:])
        defer { scopes.removeLast() }
        try assign(item, to: loop.target)
        if try isTrue(try evaluate(condition)) { kept.append(item) }
      }
      items = kept
    }
    guard !items.isEmpty else {
      _ = try execute(loop.otherwise)
      return
    }
    let outerTurn = turn
    loopDepth += 1
    defer {
      loopDepth -= 1
      turn = outerTurn
    }
    let list = TemplateList(items)
    for (index, item) in items.enumerated() {
      try step()
      turn = outerTurn
      if case .mapping(let mapping) = item, let number = mapping.turn { turn = number }
      scopes.append(["loop": .loop(TemplateLoop(items: list, index: index))])
      defer { scopes.removeLast() }
      try assign(item, to: loop.target)
      if try execute(loop.body) == .broken { break }
    }
  }

  private func assign(
    _ value: TemplateValue, to target: TemplateStatement.Target
  ) throws(TokenizeError) {
    switch target {
    case .name(let name): scopes[scopes.count - 1][name] = value
    case .names(let names):
      let values = try items(of: value)
      guard values.count == names.count else {
        throw failure("\(names.count) names for \(values.count) values")
      }
      for (name, value) in zip(names, values) { scopes[scopes.count - 1][name] = value }
    case .member(let owner, let member):
      guard case .namespace(let namespace) = lookUp(owner) else {
        throw failure("\(owner) is no namespace, so \(owner).\(member) cannot be set")
      }
      guard value.depth <= TemplateValue.deepest else {
        throw failure("\(owner).\(member) would hold more than \(TemplateValue.deepest) levels")
      }
      namespace.members[member] = value
    }
  }

  // MARK: - What is written

  private func write(_ text: TemplateText) throws(TokenizeError) {
    guard !text.bytes.isEmpty else { return }
    if let source = text.turn {
      usedTurns.insert(source)
      // Text of an earlier message, such as a system prompt, may come with that of this one.
      if let turn { usedTurns.insert(turn) }
    }
    written += text.bytes.count
    guard written <= Self.largest else {
      throw failure("the template writes more than \(Self.largest) bytes")
    }
    pieces.append(
      ChatSpan(turn: turn ?? text.turn, bytes: text.bytes, markupCount: text.markupCount))
  }

  /// What a body writes, as one text.
  private func capture(_ body: [TemplateStatement]) throws(TokenizeError) -> TemplateText {
    let outer = pieces
    pieces = []
    defer { pieces = outer }
    scopes.append([:])
    defer { scopes.removeLast() }
    _ = try execute(body)
    var result = TemplateText([])
    for piece in pieces {
      var text = TemplateText(piece.bytes)
      text.turn = piece.turn
      text.markupCount = piece.markupCount
      result.append(text)
    }
    return result
  }

  // MARK: - Names and calls

  private func lookUp(_ name: String) -> TemplateValue {
    for scope in scopes.reversed() {
      if let value = scope[name] { return value }
    }
    if let function = TemplateFunction(rawValue: name) { return .function(function) }
    return absent(name, "\(name) is undefined")
  }

  /// The value of a name that nothing has.
  func absent(_ name: String, _ reason: String) -> TemplateValue {
    // No honest template asks for so many.
    if namesByReason.count < 1000 { namesByReason[reason] = name }
    return .undefined(reason)
  }

  /// Notes that nothing is written for an undefined value.
  func noteWritten(undefined reason: String) {
    if let name = namesByReason[reason] { absentNames.insert(name) }
  }

  private func call(
    _ macro: TemplateMacro, _ arguments: TemplateArguments
  ) throws(TokenizeError) -> TemplateValue {
    var scope: [String: TemplateValue] = [:]
    guard arguments.values.count <= macro.parameters.count else {
      throw failure("\(macro.name) takes \(macro.parameters.count) arguments")
    }
    for (name, _) in arguments.named where !macro.parameters.contains(where: { $0.name == name }) {
      throw failure("\(macro.name) has no parameter \(name)")
    }
    let outer = scopes
    scopes = [outer[0], [:]]
    defer { scopes = outer }
    for (place, parameter) in macro.parameters.enumerated() {
      if place < arguments.values.count {
        scope[parameter.name] = arguments.values[place]
      } else if let value = arguments.named.last(where: { $0.name == parameter.name })?.value {
        scope[parameter.name] = value
      } else if let value = parameter.value {
        scope[parameter.name] = try evaluate(value)
      } else {
        scope[parameter.name] = .undefined("parameter \(parameter.name) was not given")
      }
      scopes[1] = scope
    }
    return .text(try capture(macro.body))
  }

  /// Evaluates a call's arguments.
  private func evaluate(
    _ arguments: TemplateExpression.Arguments
  ) throws(TokenizeError) -> TemplateArguments {
    var result = TemplateArguments()
    for value in arguments.values { result.values.append(try evaluate(value)) }
    for (name, value) in arguments.named { result.named.append((name, try evaluate(value))) }
    return result
  }

  private func evaluateCall(
    _ callee: TemplateExpression, _ arguments: TemplateExpression.Arguments, _ line: Int
  ) throws(TokenizeError) -> TemplateValue {
    if case .attribute(let owner, let method) = callee.kind {
      let value = try evaluate(owner)
      let arguments = try evaluate(arguments)
      self.line = line
      return try call(method, of: value, arguments)
    }
    let function = try evaluate(callee)
    let arguments = try evaluate(arguments)
    self.line = line
    switch function {
    case .macro(let macro): return try call(macro, arguments)
    case .function(let function): return try call(function, arguments)
    case .undefined(let reason): throw failure(reason)
    default: throw failure("a \(kind(of: function)) cannot be called")
    }
  }

  // MARK: - Expressions

  /// The value of an expression.
  func evaluate(_ expression: TemplateExpression) throws(TokenizeError) -> TemplateValue {
    try deeper { () throws(TokenizeError) in
      line = expression.line
      return try evaluateKind(expression)
    }
  }

  private func evaluateKind(_ expression: TemplateExpression) throws(TokenizeError) -> TemplateValue
  {
    switch expression.kind {
    case .none: return .none
    case .boolean(let value): return .boolean(value)
    case .integer(let value): return .integer(value)
    case .number(let value): return .number(value)
    case .text(let text): return .text(text)
    case .name(let name): return lookUp(name)
    case .list(let items, let isTuple):
      var values: [TemplateValue] = []
      var weight = 1
      for item in items { try append(try evaluate(item), to: &values, weight: &weight) }
      return try list(values, isTuple: isTuple)
    case .mapping(let members): return try mapping(members)
    case .attribute(let owner, let name):
      let value = try evaluate(owner)
      line = expression.line
      return try member(name, of: value)
    case .item(let owner, let key):
      let value = try evaluate(owner)
      let key = try evaluate(key)
      line = expression.line
      return try item(key, of: value)
    case .slice(let owner, let start, let end, let step):
      let value = try evaluate(owner)
      return try slice(
        value, try start.map(evaluate), try end.map(evaluate), try step.map(evaluate))
    case .call(let callee, let arguments):
      return try evaluateCall(callee, arguments, expression.line)
    case .filter(let operand, let name, let arguments):
      let value = try evaluate(operand)
      let arguments = try evaluate(arguments)
      line = expression.line
      return try filter(name, value, arguments)
    case .test(let operand, let name, let arguments):
      let value = try evaluate(operand)
      let arguments = try evaluate(arguments)
      line = expression.line
      return .boolean(try test(name, value, arguments))
    case .not(let operand): return .boolean(!(try isTrue(try evaluate(operand))))
    case .negative(let operand): return try negated(try evaluate(operand))
    case .positive(let operand): return try arithmetic(.integer(0), "+", try evaluate(operand))
    case .and(let left, let right):
      let value = try evaluate(left)
      return try isTrue(value) ? try evaluate(right) : value
    case .or(let left, let right):
      let value = try evaluate(left)
      return try isTrue(value) ? value : try evaluate(right)
    case .arithmetic(let left, let sign, let right):
      let left = try evaluate(left)
      let right = try evaluate(right)
      line = expression.line
      return try arithmetic(left, sign, right)
    case .comparison(let first, let others):
      var left = try evaluate(first)
      for (sign, other) in others {
        let right = try evaluate(other)
        line = expression.line
        guard try compare(left, sign, right) else { return .boolean(false) }
        left = right
      }
      return .boolean(true)
    case .conditional(let value, let condition, let otherwise):
      if try isTrue(try evaluate(condition)) { return try evaluate(value) }
      guard let otherwise else { return .undefined("the condition is false and there is no else") }
      return try evaluate(otherwise)
    }
  }

  private func mapping(
    _ members: [(key: TemplateExpression, value: TemplateExpression)]
  ) throws(TokenizeError) -> TemplateValue {
    var pairs: [(TemplateText, TemplateValue)] = []
    for (key, value) in members {
      guard case .text(let name) = try evaluate(key) else {
        throw failure("a key of a mapping that is no string is not supported")
      }
      pairs.append((name, try evaluate(value)))
    }
    return try mapping(pairs)
  }
}

/// A call's arguments, evaluated.
struct TemplateArguments {
  var values: [TemplateValue] = []
  var named: [(name: String, value: TemplateValue)] = []

  /// The argument at a place, or of a name.
  func value(_ place: Int, _ name: String = "") -> TemplateValue? {
    if place < values.count { return values[place] }
    return named.last { $0.name == name }?.value
  }
}
