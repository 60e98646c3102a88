/// How a `tokenizer.json` says that text is cut into words.
struct TokenizerJSONSplitting {
  var rule = SplitRule.gpt2
  var addsPrefixSpace = false
  private let path: String

  /// Expressions as they stand in files, with the rule that cuts alike.
  private static let expressions: [String: SplitRule] = [
    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#: .gpt2,
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"#
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#: .llama3,
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"#
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#: .qwen2,
    #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"#
      + #"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"#
      + #"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"#
      + #"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"#
      + #"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#: .o200k,
  ]

  init(_ node: JSONNode, path: String) throws(TokenizeError) {
    self.path = path
    let steps = node.typeName == "Sequence" ? node["pretokenizers"]?.elements ?? [] : [node]
    var splits: SplitRule?
    var isByteLevel = false
    for step in steps {
      switch step.typeName {
      case "Split" where splits == nil && !isByteLevel:
        splits = try Self.split(step, path: path)
      case "ByteLevel" where !isByteLevel:
        isByteLevel = true
        addsPrefixSpace = step["add_prefix_space"]?.boolean ?? true
        guard step["use_regex"]?.boolean ?? true else { continue }
        guard splits == nil else {
          throw .unsupported(
            path: path, component: "pre_tokenizer Split and ByteLevel with use_regex",
            reason: "text would be cut twice")
        }
        splits = .gpt2
      default:
        throw .unsupported(
          path: path, component: "pre_tokenizer \(step.typeName)",
          reason: "ByteLevel is, and Split followed by ByteLevel")
      }
    }
    guard isByteLevel, let splits else {
      throw .unsupported(
        path: path, component: "pre_tokenizer \(node.typeName)",
        reason: "text must be cut into words and spelled byte by byte")
    }
    guard !addsPrefixSpace || splits == .gpt2 else {
      throw .unsupported(
        path: path, component: "pre_tokenizer ByteLevel with add_prefix_space after Split",
        reason: "each word would get a space")
    }
    rule = splits
  }

  private static func split(_ step: JSONNode, path: String) throws(TokenizeError) -> SplitRule {
    // Every expression below covers all text, so what lies between matches is never there.
    let behavior = step["behavior"]?.string ?? ""
    let isInverted = step["invert"]?.boolean ?? false
    guard behavior == "Isolated" && !isInverted || behavior == "Removed" && isInverted else {
      throw .unsupported(
        path: path, component: "pre_tokenizer Split with behavior \(behavior)",
        reason: "Isolated is, or Removed with invert")
    }
    let expression = step["pattern"]?["Regex"]?.string ?? ""
    guard let rule = expressions[expression] else {
      throw .unsupported(
        path: path, component: "pre_tokenizer Split with the pattern \(expression)",
        reason: "only the patterns of well-known tokenizers are")
    }
    return rule
  }
}
