extension ByteLevelTokenizer {
  /// Loads `vocab.json` and `merges.txt`, GPT-NeoX's `GPT2BPETokenizer`.
  init(
    gpt2Vocabulary path: String, merges mergeFile: String, _ choice: TokenizerChoice
  ) throws(TokenizeError) {
    let vocabulary = try BytePairVocabulary(vocabulary: path, merges: mergeFile)
    let end = choice.endOfDocumentText
    guard let endID = vocabulary.spellings.id(of: Array(end.utf8)) else {
      throw .missing(
        what: "\(path) has no token \(end)",
        hint: "name the token that ends a document with --eod-token")
    }
    var parts = Parts(vocabularySize: vocabulary.spellings.count, endOfDocument: endID)
    parts.specialText = choice.specialText ?? .encode
    parts.addedTokens = [AddedToken(id: endID, content: Array(end.utf8))]
    parts.otherTokens = vocabulary.otherTokens
    try self.init(vocabulary.makeModel(), .gpt2, parts)
  }
}

extension BytePairVocabulary {
  /// Tokens of several bytes that no merge makes, as special tokens are; with more of them the
  /// merges are not those of the vocabulary.
  private static let unreachableLimit = 256

  private static func looksLikeJSON(_ bytes: [UInt8]) -> Bool {
    bytes.first { $0 > 0x20 } == UInt8(ascii: "{")
  }

  /// Reads `vocab.json` and `merges.txt`.
  init(vocabulary path: String, merges mergeFile: String) throws(TokenizeError) {
    let mergeBytes = try readWholeFile(mergeFile)
    let bytes = try readWholeFile(path)
    if Self.looksLikeJSON(mergeBytes), !Self.looksLikeJSON(bytes) {
      throw .malformed(
        path: path, place: "document",
        reason: "this is no JSON, but \(mergeFile) is: are vocab.json and merges.txt swapped?")
    }
    self.init(path: path)
    let root = try JSONDocument(bytes, path: path).root
    do throws(TokenizeError) {
      try readTokens(root) { bytes }
    } catch {
      // Looked for only now, as a vocabulary has many keys.
      guard root["model"]?["vocab"] != nil else { throw error }
      throw .malformed(
        path: path, place: "document",
        reason: "this is a tokenizer.json, not a vocab.json; name it with the tokenizer type "
          + "\(TokenizerKind.huggingFace.rawValue), and no merge file beside it")
    }
    do throws(TokenizeError) {
      try readMerges(mergeBytes, file: mergeFile)
    } catch {
      guard Self.looksLikeJSON(mergeBytes) else { throw error }
      throw .malformed(
        path: mergeFile, place: "document",
        reason:
          "this is JSON, not a merges.txt, which has two tokens a line; name merges.txt as the "
          + "merge file")
    }
    if let byte = missingBytes.first {
      throw .malformed(
        path: path, place: "document",
        reason:
          "there is no token for the byte \(byte), spelled \(VisibleBytes.characters[Int(byte)]); "
          + "is it a byte-level vocabulary?")
    }
    let unreachable = unreachableCount
    guard unreachable <= Self.unreachableLimit else {
      throw .malformed(
        path: mergeFile, place: "end of file",
        reason: "its \(merges.count) merges leave \(unreachable) tokens of \(path) out of reach; "
          + "is the file cut short?")
    }
  }
}
