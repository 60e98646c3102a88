extension ConfigurationTable {
  /// The page of all arguments, which `Documentation/arguments.md` holds.
  package static var markdown: String {
    var text = """
      # Arguments of configurations

      `neox-train` accepts every argument of GPT-NeoX (commit ea7aefd8): \
      \(groups.reduce(0) { $0 + $1.keys.count }) of them, and a few of its own. \
      Keys may be written with `-` or `_`. The column *here* says what is done with them:

      - **used**: it has the effect that its meaning says.
      - **set by the program**: what a configuration says is replaced, as in GPT-NeoX.
      - **no effect**: it is accepted, and `neox-train check` lists it with the reason.
      - **refused**: another value than the default is an error.

      Paths may also be named in the singular, such as `train_data_path`, with one string for the \
      list; `save_interval` stands for `checkpoint_factor`.

      This page is printed by `neox-train arguments`; a test compares the two.

      """
    for group in groups + [own] {
      text += "\n## \(group.title)\n\n| name | type | default | meaning | here |\n"
      text += "| --- | --- | --- | --- | --- |\n"
      for key in group.keys { text += row(key) }
    }
    return text
  }

  private static func row(_ key: ConfigurationKey) -> String {
    var meaning = key.meaning
    if !key.choices.isEmpty {
      meaning += ": " + key.choices.map { "`\($0)`" }.joined(separator: " ")
    }
    let cells = [
      "`\(key.name)`", key.kind.shortName, fallback(key.fallback), meaning,
      key.treatment.text,
    ]
    return "| "
      + cells.map { $0.split(separator: "|").joined(separator: "\\|") }.joined(separator: " | ")
      + " |\n"
  }

  private static func fallback(_ value: ConfigurationValue) -> String {
    switch value {
    case .bool(let value): "`\(value)`"
    case .integer(let value): "`\(value)`"
    case .number(let value): "`\(plain(value))`"
    case .string("\n"): "`\"\\n\"`"
    case .string(let text): text.isEmpty ? "`\"\"`" : "`\(text)`"
    default: ""
    }
  }
}

extension ConfigurationKind {
  /// The kind in a word or two, for a table.
  fileprivate var shortName: String {
    switch self {
    case .bool: "truth value"
    case .integer: "whole number"
    case .number: "number"
    case .string: "string"
    case .list(.string): "strings"
    case .list(.integer): "whole numbers"
    case .list(.number): "numbers"
    case .list: "list"
    case .map: "mapping"
    case .either(let kinds): kinds.map(\.shortName).joined(separator: " or ")
    case .any: "any"
    }
  }
}

extension KeyTreatment {
  /// What is done with a key, for the page.
  fileprivate var text: String {
    switch self {
    case .honoured: "used"
    case .overwritten(let reason): "set by the program: \(reason)"
    case .noEffect(let reason): "no effect: \(reason)"
    case .refused(let reason): "refused: \(reason)"
    case .refusedChoices(let reasons):
      reasons.sorted { $0.key < $1.key }
        .map { "`\($0.key)` refused: \($0.value)" }.joined(separator: "; ")
    case .atMost(let bound, let reason): "above \(bound) refused: \(reason)"
    }
  }
}
