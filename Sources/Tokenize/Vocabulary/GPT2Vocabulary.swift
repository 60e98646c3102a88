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
        hint: "name one that it has, and that ends a document, with --eod-token")
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

  private static func beginsAsJSON(_ bytes: [UInt8]) -> Bool {
    bytes.first { $0 > 0x20 } == UInt8(ascii: "{")
  }

  /// Whether a file of merges is JSON; its first merge may begin as JSON does.
  private static func isJSON(_ bytes: [UInt8]) -> Bool {
    beginsAsJSON(bytes) && (try? JSONDocument(bytes, path: "")) != nil
  }

  /// Reads `vocab.json` and `merges.txt`.
  init(vocabulary path: String, merges mergeFile: String) throws(TokenizeError) {
    let mergeBytes = try readWholeFile(mergeFile)
    let bytes = try readWholeFile(path)
    if !Self.beginsAsJSON(bytes), Self.isJSON(mergeBytes) {
      throw .malformed(
        path: path, place: "document",
        reason: "this is no JSON, but \(mergeFile) is: are vocab.json and merges.txt swapped?")
    }
    self.init(path: path)
    let root = try JSONDocument(bytes, path: path).root
    do throws(TokenizeError) {
      try readTokens(root, text: bytes)
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
      guard Self.isJSON(mergeBytes) else { throw error }
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
    try refuseCutMerges(mergeBytes, file: mergeFile)
  }

  /// Refuses merges that end before the vocabulary does: many of its tokens are out of reach, or the one
  /// whose turn it would be is two tokens joined, as no special token is.
  private func refuseCutMerges(_ bytes: [UInt8], file: String) throws(TokenizeError) {
    let unreachable = unreachable
    let lineFeed = UInt8(ascii: "\n")
    let next = nextID(lastMayBeCut: bytes.last != lineFeed)
    let isCut = next.map { unreachable.contains($0) && isJoined($0) } ?? false
    guard isCut || unreachable.count > Self.unreachableLimit else { return }
    let lost = Array(
      unreachable.lazy.filter { id in !isCut || id >= next ?? 0 && isJoined(id) }.prefix(4))
    let names =
      lost.prefix(3).map { quoted(spelling(of: $0)) }.joined(separator: ", ")
      + (lost.count > 3 ? " and others" : "")
    let line = bytes.count { $0 == lineFeed } + (bytes.last == lineFeed ? 0 : 1)
    throw .malformed(
      path: file, place: "line \(line)",
      reason:
        "the file ends here, without the merges that make \(names) of \(path): it seems "
        + "to be cut short; fetch it again, or name the merges of that vocabulary")
  }

  /// The id that the next merge would make, where each has made the next one or one that was made
  /// before, as in GPT-2's vocabulary and in those that Hugging Face's library learns; else `nil`.
  ///
  /// The last merge may make any token where it may have lost its end.
  private func nextID(lastMayBeCut: Bool) -> Int? {
    guard let first = merges.first?.result else { return nil }
    var next = first
    for (place, merge) in merges.enumerated() where !(first..<next).contains(merge.result) {
      if merge.result == next {
        next += 1
      } else if !lastMayBeCut || place < merges.count - 1 {
        return nil
      }
    }
    return Int(next)
  }

  private func spelling(of id: Int) -> [UInt8] {
    spellings.number(of: TokenID(id)).map { spellings.bytes(of: $0) } ?? []
  }

  /// Whether a token is two tokens of the vocabulary, one behind the other.
  private func isJoined(_ id: Int) -> Bool {
    let spelling = spelling(of: id)
    return spelling.indices.dropFirst().contains {
      spellings.id(of: Array(spelling[..<$0])) != nil
        && spellings.id(of: Array(spelling[$0...])) != nil
    }
  }
}
