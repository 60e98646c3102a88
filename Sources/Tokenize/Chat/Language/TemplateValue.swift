/// A value while a template is rendered.
enum TemplateValue {
  /// What a template asks for and nobody gave; the text says what.
  case undefined(String)
  case none
  case boolean(Bool)
  case integer(Int)
  case number(Double)
  case text(TemplateText)
  case list(TemplateList)
  case mapping(TemplateMapping)
  case namespace(TemplateNamespace)
  case loop(TemplateLoop)
  case macro(TemplateMacro)
  case function(TemplateFunction)

  /// The template's own text.
  static func text(_ string: String) -> TemplateValue { .text(TemplateText(string)) }

  /// Levels of lists and mappings; more than ``deepest`` are refused.
  var depth: Int {
    switch self {
    case .list(let list): list.depth
    case .mapping(let mapping): mapping.depth
    // These could hold what holds them.
    case .namespace, .loop: Self.deepest + 1
    default: 0
    }
  }

  /// The most levels of lists and mappings.
  static let deepest = 100

  /// The number of values in a value, itself included, written out in full.
  var weight: Int {
    switch self {
    case .list(let list): list.weight
    case .mapping(let mapping): mapping.weight
    default: 1
    }
  }

  /// The largest ``weight`` of what a template makes.
  static let heaviest = 1 << 26
}

/// A list or a tuple.
final class TemplateList {
  let items: [TemplateValue]
  let isTuple: Bool
  let depth: Int
  let weight: Int

  init(_ items: [TemplateValue], isTuple: Bool = false) {
    self.items = items
    self.isTuple = isTuple
    depth = (items.map(\.depth).max() ?? 0) + 1
    weight = items.reduce(1) { $0 + $1.weight }
  }
}

/// A mapping; keys are texts.
final class TemplateMapping {
  let keys: [TemplateText]
  let values: [TemplateValue]
  /// The number of the message that this is.
  let turn: Int?
  let depth: Int
  let weight: Int
  private let places: [[UInt8]: Int]

  /// Of repeated keys the last value counts, at the first place.
  init(_ members: [(TemplateText, TemplateValue)], turn: Int? = nil) {
    var keys: [TemplateText] = []
    var values: [TemplateValue] = []
    var places: [[UInt8]: Int] = [:]
    for (key, value) in members {
      if let place = places[key.bytes] {
        values[place] = value
      } else {
        places[key.bytes] = keys.count
        keys.append(key)
        values.append(value)
      }
    }
    self.keys = keys
    self.values = values
    self.places = places
    self.turn = turn
    depth = (values.map(\.depth).max() ?? 0) + 1
    weight = values.reduce(1) { $0 + $1.weight }
  }

  subscript(key: [UInt8]) -> TemplateValue? { places[key].map { values[$0] } }
}

/// What `namespace()` makes: members that inner scopes can set.
final class TemplateNamespace {
  var members: [String: TemplateValue]

  init(_ members: [String: TemplateValue]) { self.members = members }
}

/// The `loop` of a `for`.
struct TemplateLoop {
  let items: TemplateList
  let index: Int

  /// `loop.name`; `nil` where there is no such member.
  func member(_ name: String) -> TemplateValue? {
    let count = items.items.count
    switch name {
    case "index": return .integer(index + 1)
    case "index0": return .integer(index)
    case "revindex": return .integer(count - index)
    case "revindex0": return .integer(count - index - 1)
    case "first": return .boolean(index == 0)
    case "last": return .boolean(index == count - 1)
    case "length": return .integer(count)
    // Only recursive loops, which are not supported, are deeper.
    case "depth": return .integer(1)
    case "depth0": return .integer(0)
    case "previtem":
      return index > 0 ? items.items[index - 1] : .undefined("there is no previous item")
    case "nextitem":
      return index + 1 < count ? items.items[index + 1] : .undefined("there is no next item")
    default: return nil
    }
  }
}

/// Functions that every template has.
enum TemplateFunction: String, CaseIterable {
  case raiseException = "raise_exception"
  case strftimeNow = "strftime_now"
  case range
  case namespace
  case dict
}

extension TemplateValue {
  /// Copies a value of a message, or of a variable where `turn` is `nil`.
  init(_ value: ChatValue, turn: Int?, isRole: Bool = false) {
    switch value {
    case .null: self = .none
    case .boolean(let value): self = .boolean(value)
    case .integer(let value): self = .integer(value)
    case .number(let value): self = .number(value)
    case .string(let value):
      self = .text(
        turn.map { TemplateText(value, turn: $0, isRole: isRole) } ?? TemplateText(value))
    case .array(let values):
      self = .list(TemplateList(values.map { TemplateValue($0, turn: turn) }))
    case .object(let members):
      self = .mapping(
        TemplateMapping(
          members.map { (TemplateText($0.name), TemplateValue($0.value, turn: turn)) }))
    }
  }

  /// Copies a message without its null members, as transformers does today.
  init(_ message: ChatMessage, turn: Int) {
    let members = message.members.filter { $0.value != .null }.map { member in
      (
        TemplateText(member.name),
        TemplateValue(member.value, turn: turn, isRole: member.name == "role")
      )
    }
    self = .mapping(TemplateMapping(members, turn: turn))
  }
}
