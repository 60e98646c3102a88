/// A `tokenizer.json` of Hugging Face's library while it is read.
///
/// Only byte-level BPE is understood, and of the other parts only what is known to give the same
/// ids; anything else is an error that names the part.
struct TokenizerJSON {
  let path: String
  private let root: JSONNode
  /// The text, in which messages tell places; a pipe gives it only once.
  private let text: [UInt8]

  init(path: String) throws(TokenizeError) {
    self.path = path
    text = try readWholeFile(path)
    if text.starts(with: "#version".utf8) {
      throw .malformed(
        path: path, place: "document",
        reason:
          "this is a merges.txt, not a tokenizer.json; name it as the merge file, beside its "
          + "vocab.json, with the tokenizer type \(TokenizerKind.gpt2BPE.rawValue)")
    }
    root = try JSONDocument(text, path: path).root
    guard root.kind == .object else {
      throw .malformed(
        path: path, place: "document",
        reason: "an object was expected, not \(root.kind.rawValue)")
    }
    // GPT-2's vocabulary has a token that is spelled model.
    if root["model"]?.kind != .object, Self.isVocabulary(root) {
      throw .malformed(
        path: path, place: "document",
        reason:
          "this is a vocab.json (tokens and their ids), not a tokenizer.json; name it together "
          + "with its merges.txt, with the tokenizer type \(TokenizerKind.gpt2BPE.rawValue)")
    }
    if let version = root["version"], version.string != "1.0" {
      throw unsupported("version", version, "only 1.0 is known")
    }
  }

  /// Whether an object has whole numbers only, and some.
  private static func isVocabulary(_ root: JSONNode) -> Bool {
    var count = 0
    do throws(TokenizeError) {
      try root.forEachChild { (_, value) throws(TokenizeError) in
        guard value.integer != nil else {
          throw .malformed(path: "", place: "", reason: "")
        }
        count += 1
      }
    } catch {
      return false
    }
    return count > 0
  }

  /// Builds the tokenizer.
  func makeTokenizer(_ choice: TokenizerChoice) throws(TokenizeError) -> ByteLevelTokenizer {
    try refuseTruncationAndPadding()
    let splitting = try TokenizerJSONSplitting(try part("pre_tokenizer"), path: path)
    if let decoder = root["decoder"], !decoder.isNull { try checkDecoder(decoder) }
    let model = try TokenizerJSONModel(try part("model"), path: path, text: text)
    var vocabulary = model.vocabulary
    let added = try addedTokens(&vocabulary)

    let overlapping = added.count { vocabulary.spellings.id(of: $0.content) != nil }
    var parts = ByteLevelTokenizer.Parts(
      vocabularySize: vocabulary.spellings.count + added.count - overlapping)
    let end = Array(choice.endOfDocumentText.utf8)
    parts.endOfDocument =
      added.first { $0.content == end }?.id ?? vocabulary.spellings.id(of: end)
    if choice.endOfDocumentToken != nil, parts.endOfDocument == nil {
      throw .missing(
        what: "\(path) has no token \(choice.endOfDocumentText)",
        hint: "name one of its tokens as the end of a document")
    }
    if let template = root["post_processor"], !template.isNull {
      try TokenizerJSONTemplate(path: path).read(template, into: &parts)
    }
    parts.missingBytes = vocabulary.missingBytes
    parts.specialText = choice.specialText ?? .encode
    if let normalizer = root["normalizer"], !normalizer.isNull {
      parts.normalization = try normalization(normalizer)
    }
    parts.addsPrefixSpace = splitting.addsPrefixSpace
    parts.addedTokens = added
    parts.otherTokens = vocabulary.otherTokens
    parts.prefersWholeWords = model.ignoresMerges
    return ByteLevelTokenizer(try vocabulary.makeModel(), splitting.rule, parts)
  }

  /// The vocabulary of a file that holds GPT-2's rule and nothing beside it.
  func plainGPT2Vocabulary() throws(TokenizeError) -> BytePairVocabulary {
    try refuseTruncationAndPadding()
    let splitting = try TokenizerJSONSplitting(try part("pre_tokenizer"), path: path)
    guard splitting.rule == .gpt2, !splitting.addsPrefixSpace else {
      throw .unsupported(
        path: path, component: "pre_tokenizer", reason: "it does not cut as GPT-2's does")
    }
    if let normalizer = root["normalizer"], !normalizer.isNull {
      throw unsupported("normalizer", normalizer, "GPT-2 has none; load the file as HFTokenizer")
    }
    let model = try TokenizerJSONModel(try part("model"), path: path, text: text)
    guard !model.ignoresMerges else {
      throw .unsupported(
        path: path, component: "model BPE with ignore_merges",
        reason: "GPT-2 does not; load the file as HFTokenizer")
    }
    return model.vocabulary
  }

  private func part(_ key: String) throws(TokenizeError) -> JSONNode {
    guard let node = root[key], !node.isNull else {
      throw .malformed(
        path: path, place: key, reason: "it is absent; a byte-level BPE tokenizer has one")
    }
    return node
  }

  private func unsupported(_ key: String, _ node: JSONNode, _ reason: String) -> TokenizeError {
    .unsupported(path: path, component: "\(key) \(node.typeName)", reason: reason)
  }

  /// Both change what a document becomes; padding to the longest of one text alone does not.
  private func refuseTruncationAndPadding() throws(TokenizeError) {
    if let truncation = root["truncation"], !truncation.isNull {
      throw unsupported(
        "truncation", truncation, "it would cut documents short; set it to null in the file")
    }
    guard let padding = root["padding"], !padding.isNull else { return }
    let multiple = padding["pad_to_multiple_of"]
    guard padding["strategy"]?.string == "BatchLongest", multiple?.isNull ?? true else {
      throw unsupported(
        "padding", padding, "it would lengthen documents; set it to null in the file")
    }
  }

  private func checkDecoder(_ decoder: JSONNode) throws(TokenizeError) {
    guard decoder.typeName == "ByteLevel" else {
      throw unsupported("decoder", decoder, "a byte-level vocabulary has the decoder ByteLevel")
    }
  }

  /// One normalisation form, alone or in a sequence of nothing else.
  private func normalization(_ node: JSONNode) throws(TokenizeError) -> NormalizationForm? {
    guard node.typeName == "Sequence" else {
      guard let form = NormalizationForm(rawValue: node.typeName) else {
        throw unsupported("normalizer", node, "NFC, NFD, NFKC and NFKD are")
      }
      return form
    }
    var form: NormalizationForm?
    for element in node["normalizers"]?.elements ?? [] {
      guard let next = NormalizationForm(rawValue: element.typeName) else {
        throw unsupported("normalizer", element, "NFC, NFD, NFKC and NFKD are")
      }
      guard form == nil || form == next else {
        throw unsupported("normalizer", node, "it joins several forms; one alone is")
      }
      form = next
    }
    return form
  }

  // MARK: Added tokens

  /// Reads the added tokens, which take ids of the model's tokens or those that follow them.
  private func addedTokens(
    _ vocabulary: inout BytePairVocabulary
  ) throws(TokenizeError) -> [AddedToken] {
    var tokens: [AddedToken] = []
    var next = TokenID(vocabulary.spellings.count)
    for (index, node) in (root["added_tokens"]?.elements ?? []).enumerated() {
      let place = "added_tokens[\(index)]"
      guard let content = node["content"]?.bytes, let id = node["id"]?.integer else {
        throw .malformed(path: path, place: place, reason: "it lacks its content or its id")
      }
      if content.isEmpty { continue }
      var token = AddedToken(id: 0, content: content)
      token.isSpecial = try flag("special", of: node, place)
      token.isNormalized = try flag("normalized", of: node, place)
      token.stripsLeft = try flag("lstrip", of: node, place)
      token.stripsRight = try flag("rstrip", of: node, place)
      token.isSingleWord = try flag("single_word", of: node, place)
      let earlier = tokens.firstIndex { $0.content == content }
      if let earlier {
        token.id = tokens[earlier].id
      } else if let known = vocabulary.spellings.id(of: content) {
        token.id = known
      } else {
        token.id = next
        next += 1
      }
      guard Int(token.id) == id else {
        throw .malformed(
          path: path, place: place,
          reason: "the token \(quoted(content)) says it is \(id), but \(token.id) is its turn: "
            + "Hugging Face's library would use that one")
      }
      if let earlier { tokens[earlier] = token } else { tokens.append(token) }
    }
    return tokens
  }

  private func flag(
    _ key: String, of node: JSONNode, _ place: String
  ) throws(TokenizeError) -> Bool {
    guard let value = node[key]?.boolean else {
      throw .malformed(path: path, place: place, reason: "\(key) is not true or false")
    }
    return value
  }
}

extension JSONNode {
  /// The name of a part of a `tokenizer.json`.
  var typeName: String { self["type"]?.string ?? "without a type" }
}
