/// Finds the roles that a template tells apart: the strings that it compares with a `role`.
struct TemplateRoles {
  private(set) var names: Set<String> = []

  /// Looks through a template.
  init(in statements: [TemplateStatement]) { visit(statements) }

  private mutating func visit(_ statements: [TemplateStatement]) {
    for statement in statements {
      switch statement.kind {
      case .text, .breakLoop, .continueLoop: break
      case .output(let value), .assignment(_, let value): visit(value)
      case .branches(let branches, let otherwise):
        for branch in branches {
          visit(branch.condition)
          visit(branch.body)
        }
        visit(otherwise)
      case .loop(let loop):
        visit(loop.items)
        if let condition = loop.condition { visit(condition) }
        visit(loop.body)
        visit(loop.otherwise)
      case .capture(_, let body, let filters):
        visit(body)
        if let filters { visit(filters) }
      case .macro(let macro):
        for value in macro.parameters.compactMap(\.value) { visit(value) }
        visit(macro.body)
      }
    }
  }

  private mutating func visit(_ expression: TemplateExpression) {
    switch expression.kind {
    case .none, .boolean, .integer, .number, .text, .name: break
    case .list(let items, _): for item in items { visit(item) }
    case .mapping(let members):
      for member in members {
        visit(member.key)
        visit(member.value)
      }
    case .attribute(let owner, _), .not(let owner), .negative(let owner), .positive(let owner):
      visit(owner)
    case .item(let left, let right), .and(let left, let right), .or(let left, let right),
      .arithmetic(let left, _, let right):
      visit(left)
      visit(right)
    case .slice(let owner, let start, let end, let step):
      for part in [owner, start, end, step].compactMap(\.self) { visit(part) }
    case .call(let callee, let arguments):
      visit(callee)
      visit(arguments)
    case .filter(let operand, let name, let arguments):
      if name.hasSuffix("attr"), Self.texts(arguments.values.first) == ["role"] {
        names.formUnion(Self.texts(arguments.values.dropFirst(2).first))
      }
      visit(operand)
      visit(arguments)
    case .test(let operand, _, let arguments):
      if Self.isRole(operand) { names.formUnion(Self.texts(arguments.values.first)) }
      visit(operand)
      visit(arguments)
    case .comparison(let first, let others):
      let sides = [first] + others.map(\.value)
      if sides.contains(where: Self.isRole) {
        for side in sides { names.formUnion(Self.texts(side)) }
      }
      for side in sides { visit(side) }
    case .conditional(let value, let condition, let otherwise):
      for part in [value, condition, otherwise].compactMap(\.self) { visit(part) }
    }
  }

  private mutating func visit(_ arguments: TemplateExpression.Arguments) {
    for value in arguments.values { visit(value) }
    for (_, value) in arguments.named { visit(value) }
  }

  /// Whether an expression is the role of something.
  private static func isRole(_ expression: TemplateExpression) -> Bool {
    switch expression.kind {
    case .name(let name), .attribute(_, let name): name == "role"
    case .item(_, let key): texts(key) == ["role"]
    default: false
    }
  }

  /// The strings that an expression is, or of which it is a list; of a choice, those of both sides.
  private static func texts(_ expression: TemplateExpression?) -> [String] {
    guard let expression else { return [] }
    switch expression.kind {
    case .text(let text): return [text.string]
    case .list(let items, _): return items.flatMap { texts($0) }
    case .conditional(let value, _, let otherwise): return texts(value) + texts(otherwise)
    default: return []
    }
  }
}
