/// A part of a template that has a value.
struct TemplateExpression: Sendable {
  let line: Int
  let kind: Kind

  /// A call's arguments.
  struct Arguments: Sendable {
    var values: [TemplateExpression] = []
    var named: [(name: String, value: TemplateExpression)] = []
  }

  /// What an expression can be.
  indirect enum Kind: Sendable {
    case none
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case text(TemplateText)
    case name(String)
    case list([TemplateExpression], isTuple: Bool)
    case mapping([(key: TemplateExpression, value: TemplateExpression)])
    case attribute(TemplateExpression, String)
    case item(TemplateExpression, TemplateExpression)
    case slice(
      TemplateExpression, start: TemplateExpression?, end: TemplateExpression?,
      step: TemplateExpression?)
    case call(TemplateExpression, Arguments)
    case filter(TemplateExpression, String, Arguments)
    case test(TemplateExpression, String, Arguments)
    case not(TemplateExpression)
    case negative(TemplateExpression)
    case positive(TemplateExpression)
    case and(TemplateExpression, TemplateExpression)
    case or(TemplateExpression, TemplateExpression)
    case arithmetic(TemplateExpression, String, TemplateExpression)
    case comparison(TemplateExpression, [(sign: String, value: TemplateExpression)])
    case conditional(
      TemplateExpression, condition: TemplateExpression, otherwise: TemplateExpression?)
  }
}

/// What a template does.
struct TemplateStatement: Sendable {
  let line: Int
  let kind: Kind

  /// What is assigned to.
  enum Target: Sendable {
    case name(String)
    case names([String])
    case member(String, String)
  }

  /// What a statement can be.
  indirect enum Kind: Sendable {
    case text([UInt8])
    case output(TemplateExpression)
    case branches(
      [(condition: TemplateExpression, body: [TemplateStatement])],
      otherwise: [TemplateStatement])
    case loop(TemplateForLoop)
    case assignment(Target, TemplateExpression)
    case capture(Target, [TemplateStatement], filters: TemplateExpression?)
    case macro(TemplateMacro)
    case breakLoop
    case continueLoop
  }
}

/// `{% for … %}`.
struct TemplateForLoop: Sendable {
  var target: TemplateStatement.Target
  var items: TemplateExpression
  var condition: TemplateExpression?
  var body: [TemplateStatement]
  var otherwise: [TemplateStatement]
}

/// `{% macro … %}`.
struct TemplateMacro: Sendable {
  var name: String
  var parameters: [(name: String, value: TemplateExpression?)]
  var body: [TemplateStatement]
}
