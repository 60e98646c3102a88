/// The post-processor of a `tokenizer.json`: which tokens stand before and after a document.
struct TokenizerJSONTemplate {
  let path: String

  /// Reads one part, or a sequence of them, of which at most one is a template.
  func read(
    _ node: JSONNode, into parts: inout ByteLevelTokenizer.Parts
  ) throws(TokenizeError) {
    let steps = node.typeName == "Sequence" ? node["processors"]?.elements ?? [] : [node]
    var hasTemplate = false
    for step in steps {
      switch step.typeName {
      case "ByteLevel":
        // It only steers offsets.
        continue
      case "TemplateProcessing" where !hasTemplate:
        hasTemplate = true
        try readTemplate(step, into: &parts)
      default:
        throw .unsupported(
          path: path, component: "post_processor \(step.typeName)",
          reason: "ByteLevel and one TemplateProcessing are")
      }
    }
  }

  private func readTemplate(
    _ node: JSONNode, into parts: inout ByteLevelTokenizer.Parts
  ) throws(TokenizeError) {
    var isAfterText = false
    for piece in node["single"]?.elements ?? [] {
      if let sequence = piece["Sequence"] {
        guard !isAfterText, sequence["id"]?.string == "A" else {
          throw malformed("the text A must come once")
        }
        isAfterText = true
      } else if let name = piece["SpecialToken"]?["id"]?.string,
        let ids = node["special_tokens"]?[name]?["ids"]?.elements
      {
        for id in ids {
          guard let id = id.integer, let id = TokenID(exactly: id) else {
            throw malformed("the ids of \(name) are not ids")
          }
          if isAfterText {
            parts.documentSuffix.append(id)
          } else {
            parts.documentPrefix.append(id)
          }
        }
      } else {
        throw malformed("each piece must be the text or a token listed in special_tokens")
      }
    }
    guard isAfterText else { throw malformed("the text is absent") }
  }

  private func malformed(_ reason: String) -> TokenizeError {
    .malformed(path: path, place: "post_processor.single", reason: reason)
  }
}
