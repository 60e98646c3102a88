/// The kinds of tokenizer, by GPT-NeoX's names.
public enum TokenizerKind: String, CaseIterable, Sendable {
  /// GPT-2's `vocab.json` and `merges.txt`.
  case gpt2BPE = "GPT2BPETokenizer"
  /// A `tokenizer.json` of Hugging Face's library.
  case huggingFace = "HFTokenizer"
  /// A folder with GPT-2's vocabulary as Hugging Face lays it out; has a padding token.
  case huggingFaceGPT2 = "HFGPT2Tokenizer"
  /// A rank file of OpenAI's tiktoken.
  case tiktoken = "TiktokenTokenizer"
  /// The bytes of the text.
  case characterLevel = "CharLevelTokenizer"
  /// A SentencePiece model; not supported.
  case sentencePiece = "SPMTokenizer"

  /// Finds a kind by its name; upper and lower case are the same, as in GPT-NeoX.
  public init?(name: String) {
    let wanted = name.lowercased()
    guard let kind = Self.allCases.first(where: { $0.rawValue.lowercased() == wanted }) else {
      return nil
    }
    self = kind
  }
}

/// Which tokenizer to load, and how it treats special tokens.
public struct TokenizerChoice: Sendable {
  /// What the files are.
  public var kind: TokenizerKind
  /// GPT-NeoX's `--vocab-file`: a file, or for ``TokenizerKind/huggingFaceGPT2`` a folder.
  public var vocabularyFile: String?
  /// GPT-NeoX's `--merge-file`.
  public var mergeFile: String?
  /// What becomes of the text of a special token inside a document; `nil` means what GPT-NeoX does:
  /// an error for ``TokenizerKind/tiktoken``, the token for the others.
  public var specialText: SpecialText?
  /// The text of the token that ends a document; `nil` means `<|endoftext|>`.
  public var endOfDocumentToken: String?

  /// Names the tokenizer.
  public init(
    kind: TokenizerKind, vocabularyFile: String? = nil, mergeFile: String? = nil,
    specialText: SpecialText? = nil, endOfDocumentToken: String? = nil
  ) {
    self.kind = kind
    self.vocabularyFile = vocabularyFile
    self.mergeFile = mergeFile
    self.specialText = specialText
    self.endOfDocumentToken = endOfDocumentToken
  }
}

/// Loads a tokenizer from its files.
///
/// - Throws: ``TokenizeError`` with the file and the place where something is wrong.
public func loadTokenizer(_ choice: TokenizerChoice) throws(TokenizeError) -> any Tokenizer {
  switch choice.kind {
  case .gpt2BPE:
    let vocabulary = try choice.requiredVocabularyFile("the path of vocab.json")
    guard let merges = choice.mergeFile else {
      throw .missing(
        what: "merge file",
        hint: "\(choice.kind.rawValue) needs the path of merges.txt (--merge-file)")
    }
    try choice.refuseFolder(vocabulary, insteadOf: "vocab.json")
    try choice.refuseFolder(merges, insteadOf: "merges.txt")
    return try ByteLevelTokenizer(gpt2Vocabulary: vocabulary, merges: merges, choice)
  case .characterLevel:
    return try CharacterLevelTokenizer(choice)
  case .huggingFace:
    let path = try choice.requiredVocabularyFile("the path of tokenizer.json")
    try choice.refuseFolder(path, insteadOf: "tokenizer.json")
    return try TokenizerJSON(path: path).makeTokenizer(choice)
  case .huggingFaceGPT2:
    return try ByteLevelTokenizer(huggingFaceGPT2: choice)
  case .tiktoken:
    return try ByteLevelTokenizer(tiktoken: choice)
  case .sentencePiece:
    throw .unsupported(
      path: choice.vocabularyFile ?? choice.kind.rawValue, component: choice.kind.rawValue,
      reason: "SentencePiece models cannot be read; byte-level BPE vocabularies can")
  }
}

extension TokenizerChoice {
  func requiredVocabularyFile(_ meaning: String) throws(TokenizeError) -> String {
    guard let vocabularyFile else {
      throw .missing(
        what: "vocabulary file", hint: "\(kind.rawValue) needs \(meaning) (--vocab-file)")
    }
    return vocabularyFile
  }

  /// Refuses a folder where a file is read, and says what to name in its place, by what lies in it.
  ///
  /// - Throws: ``TokenizeError/unreadable(path:reason:)``.
  fileprivate func refuseFolder(
    _ path: String, insteadOf name: String
  ) throws(TokenizeError) {
    guard isFolder(path) else { return }
    let folder = path.hasSuffix("/") ? path : path + "/"
    let holds = { fileExists(folder + $0) }
    var hint = "name the file"
    if holds(name) {
      hint = "name \(folder)\(name)"
    } else if holds("tokenizer.json") {
      hint =
        "name \(folder)tokenizer.json, with the tokenizer type "
        + TokenizerKind.huggingFace.rawValue
    } else if holds("vocab.json"), holds("merges.txt") {
      hint =
        "name its vocab.json and merges.txt, with the tokenizer type "
        + "\(TokenizerKind.gpt2BPE.rawValue), or the folder, with "
        + TokenizerKind.huggingFaceGPT2.rawValue
    }
    throw .unreadable(
      path: path, reason: "it is a folder, where \(kind.rawValue) reads a file; \(hint)")
  }

  /// The text of the token that ends a document.
  var endOfDocumentText: String { endOfDocumentToken ?? "<|endoftext|>" }
}
