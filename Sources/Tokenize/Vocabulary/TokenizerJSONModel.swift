/// The model of a `tokenizer.json`: byte pairs, and whether whole words come first.
struct TokenizerJSONModel {
  private(set) var vocabulary: BytePairVocabulary
  private(set) var ignoresMerges = false

  /// Reads the model of a document whose text `text` is, for the places in messages.
  init(_ node: JSONNode, path: String, text: [UInt8]) throws(TokenizeError) {
    vocabulary = BytePairVocabulary(path: path)
    if let type = node["type"], type.string != "BPE" {
      throw .unsupported(
        path: path, component: "model \(type.string ?? "without a type")", reason: "BPE is")
    }
    guard let tokens = node["vocab"], let merges = node["merges"] else {
      throw .malformed(path: path, place: "model", reason: "it lacks vocab or merges")
    }
    try vocabulary.readTokens(tokens, keys: ["model", "vocab"], text: text)
    try vocabulary.readMerges(merges)
    for (key, value) in node.members ?? [] where !value.isNull {
      try readOption(key, value)
    }
  }

  private mutating func readOption(_ key: String, _ value: JSONNode) throws(TokenizeError) {
    switch key {
    case "type", "vocab", "merges":
      return
    case "ignore_merges":
      ignoresMerges = value.boolean ?? false
    case "dropout":
      guard value.number == 0 else { throw unsupported(key, "ids would be random") }
    case "continuing_subword_prefix", "end_of_word_suffix":
      guard value.bytes == [] else { throw unsupported(key, "byte-level vocabularies have none") }
    case "unk_token":
      guard vocabulary.missingBytes.isEmpty else {
        throw unsupported(key, "bytes without a token would become it")
      }
    case "byte_fallback":
      guard value.boolean == false || vocabulary.missingBytes.isEmpty else {
        throw unsupported(key, "bytes without a token would become others")
      }
    case "fuse_unk":
      // It joins neighbouring unknown tokens, of which there are none.
      return
    default:
      throw unsupported(key, "it is not known")
    }
  }

  private func unsupported(_ key: String, _ reason: String) -> TokenizeError {
    .unsupported(path: vocabulary.path, component: "model BPE with \(key)", reason: reason)
  }
}

extension BytePairVocabulary {
  /// Reads merges as lines of two spellings or as pairs of them.
  mutating func readMerges(_ node: JSONNode) throws(TokenizeError) {
    guard node.kind == .array else {
      throw .malformed(path: path, place: "model.merges", reason: "it is not an array")
    }
    let file = MergeFile(path: path) { "model.merges[\($0)]" }
    var index = 0
    try node.forEachChild { (_, merge) throws(TokenizeError) in
      defer { index += 1 }
      let isLine: Void? = try merge.withBytes { (line) throws(TokenizeError) in
        try addMerge(line: line, in: file, number: index)
      }
      guard isLine == nil else { return }
      let pair = merge.elements ?? []
      guard pair.count == 2, let left = pair[0].bytes, let right = pair[1].bytes else {
        try settleMerges(file)
        throw .malformed(
          path: path, place: file.place(index), reason: "it is not a pair of tokens")
      }
      let line = left + [UInt8(ascii: " ")] + right
      try unsafe addMerge(line.span.bytes, space: left.count, in: file, number: index)
    }
    try settleMerges(file)
  }
}
