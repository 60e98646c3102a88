extension ByteLevelTokenizer {
  /// Loads GPT-2's vocabulary from a folder as Hugging Face lays it out, GPT-NeoX's
  /// `HFGPT2Tokenizer`: a padding token follows the vocabulary.
  init(huggingFaceGPT2 choice: TokenizerChoice) throws(TokenizeError) {
    let name = choice.vocabularyFile ?? "gpt2"
    guard isFolder(name) || !fileExists(name) else {
      throw .unreadable(
        path: name,
        reason: "it is a file, where \(choice.kind.rawValue) reads a folder; name the folder, or a "
          + "vocab.json with its merges.txt and the tokenizer type "
          + "\(TokenizerKind.gpt2BPE.rawValue), or a tokenizer.json with "
          + TokenizerKind.huggingFace.rawValue)
    }
    guard isFolder(name) else {
      throw .missing(
        what: "folder \(name)",
        hint: "\(choice.kind.rawValue) needs a folder with tokenizer.json, or with vocab.json and "
          + "merges.txt; names are not looked up on the network")
    }
    var vocabulary: BytePairVocabulary
    if fileExists(name + "/vocab.json"), fileExists(name + "/merges.txt") {
      vocabulary = try BytePairVocabulary(
        vocabulary: name + "/vocab.json", merges: name + "/merges.txt")
    } else if fileExists(name + "/tokenizer.json") {
      let path = name + "/tokenizer.json"
      vocabulary = try TokenizerJSON(path: path).plainGPT2Vocabulary()
    } else {
      throw .missing(
        what: "folder \(name)",
        hint: "it holds neither vocab.json with merges.txt nor tokenizer.json")
    }
    let end = choice.endOfDocumentText
    guard let endID = vocabulary.spellings.id(of: Array(end.utf8)) else {
      throw .missing(what: "\(name) has no token \(end)", hint: "is it GPT-2's vocabulary?")
    }
    let padding = Array("<|padding|>".utf8)
    var parts = Parts(vocabularySize: vocabulary.spellings.count, endOfDocument: endID)
    var paddingID = vocabulary.spellings.id(of: padding)
    if paddingID == nil {
      paddingID = TokenID(vocabulary.spellings.count)
      parts.vocabularySize += 1
    }
    parts.specialText = choice.specialText ?? .encode
    parts.addedTokens = [
      AddedToken(id: endID, content: Array(end.utf8)),
      AddedToken(id: paddingID ?? 0, content: padding),
    ]
    parts.otherTokens = vocabulary.otherTokens
    try self.init(vocabulary.makeModel(), .gpt2, parts)
  }
}
