/// A tiktoken encoding that is known by the name of its rank file.
private struct TiktokenEncoding {
  var rule: SplitRule
  var specialTokens: [(text: String, id: TokenID)]
  /// Entries in the vocabulary, the specials and the holes between included.
  var vocabularySize: Int

  static let known: [String: TiktokenEncoding] = [
    "gpt2": TiktokenEncoding(
      rule: .gpt2, specialTokens: [("<|endoftext|>", 50256)], vocabularySize: 50257),
    "r50k_base": TiktokenEncoding(
      rule: .gpt2, specialTokens: [("<|endoftext|>", 50256)], vocabularySize: 50257),
    "p50k_base": TiktokenEncoding(
      rule: .gpt2, specialTokens: [("<|endoftext|>", 50256)], vocabularySize: 50281),
    "cl100k_base": TiktokenEncoding(
      rule: .cl100k,
      specialTokens: [
        ("<|endoftext|>", 100257), ("<|fim_prefix|>", 100258), ("<|fim_middle|>", 100259),
        ("<|fim_suffix|>", 100260), ("<|endofprompt|>", 100276),
      ], vocabularySize: 100277),
    "o200k_base": TiktokenEncoding(
      rule: .o200k, specialTokens: [("<|endoftext|>", 199999), ("<|endofprompt|>", 200018)],
      vocabularySize: 200019),
  ]
}

extension ByteLevelTokenizer {
  /// Loads a rank file of tiktoken, GPT-NeoX's `TiktokenTokenizer`, where it is named by its
  /// encoding; here the encoding is told from the file's name, such as `cl100k_base.tiktoken`.
  ///
  /// The text of a special token in a document is an error unless the choice says otherwise, as in
  /// GPT-NeoX.
  init(tiktoken choice: TokenizerChoice) throws(TokenizeError) {
    let path = try choice.requiredVocabularyFile(
      "the path of a rank file, such as r50k_base.tiktoken")
    let file = path.split(separator: "/").last.map(String.init) ?? path
    let name = file.hasSuffix(".tiktoken") ? String(file.dropLast(9)) : file
    let names = TiktokenEncoding.known.keys.sorted().joined(separator: ", ")
    guard let encoding = TiktokenEncoding.known[name] else {
      throw .unsupported(
        path: path, component: "encoding \(name)", reason: "the file's name must be one of \(names)"
      )
    }
    guard fileExists(path) else {
      throw .missing(
        what: "rank file \(path)",
        hint: "\(choice.kind.rawValue) needs the file itself; encodings are not downloaded")
    }
    let tokens = try tiktokenRanks(path: path)
    for (text, id) in encoding.specialTokens where Int(id) < tokens.count && tokens[Int(id)] != nil
    {
      throw .malformed(
        path: path, place: "rank \(id)", reason: "it belongs to \(text); is it \(name)'s file?")
    }
    let end = choice.endOfDocumentText
    var parts = Parts(
      vocabularySize: encoding.vocabularySize,
      endOfDocument: encoding.specialTokens.first { $0.text == end }?.id)
    guard parts.endOfDocument != nil else {
      throw .missing(
        what: "\(name) has no token \(end)",
        hint: "its special tokens are "
          + encoding.specialTokens.map(\.text).joined(separator: ", "))
    }
    parts.specialText = choice.specialText ?? .error
    parts.addedTokens = encoding.specialTokens.map {
      AddedToken(id: $0.id, content: Array($0.text.utf8))
    }
    parts.prefersWholeWords = true
    try self.init(BytePairModel(ranks: tokens), encoding.rule, parts)
  }
}

/// Reads lines of a token in base 64, a space, and its rank, which is its id.
private func tiktokenRanks(path: String) throws(TokenizeError) -> [[UInt8]?] {
  let bytes = try readWholeFile(path)
  var tokens: [[UInt8]?] = []
  var spellings = TokenSpellings()
  /// The line of each spelling.
  var lines: [Int] = []
  var start = 0
  var number = 1
  while start < bytes.count {
    let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
    var line = bytes[start..<end]
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    if !line.isEmpty {
      func malformed(_ reason: String) -> TokenizeError {
        .malformed(path: path, place: "line \(number)", reason: reason)
      }
      guard let space = line.firstIndex(of: UInt8(ascii: " ")),
        let token = decodeBase64(line[..<space]), !token.isEmpty,
        let rank = Int(String(decoding: line[(space + 1)...], as: UTF8.self)), rank >= 0
      else {
        throw malformed(
          "a token in base 64 and its rank were expected, not \(quoted(Array(line)))")
      }
      guard rank < BytePairVocabulary.idLimit else { throw malformed("the rank is too large") }
      while tokens.count <= rank { tokens.append(nil) }
      guard tokens[rank] == nil else {
        let other = spellings.number(of: TokenID(rank)).map { " and in line \(lines[$0])" } ?? ""
        throw malformed("the rank \(rank) is used twice, here\(other)")
      }
      unsafe spellings.append(token.span.bytes, TokenID(rank))
      lines.append(number)
      tokens[rank] = token
    }
    start = end + 1
    number += 1
  }
  if let again = spellings.place() {
    let first = spellings.firstNumber(spelledAs: again).map { ", first in line \(lines[$0])" } ?? ""
    throw .malformed(
      path: path, place: "line \(lines[again])", reason: "the token comes twice\(first)")
  }
  for byte in 0...255 as ClosedRange<UInt8> where spellings.id(of: [byte]) == nil {
    throw .malformed(
      path: path, place: "end of file", reason: "there is no token for the byte \(byte)")
  }
  return tokens
}

/// Decodes base 64 with its padding; `nil` where it is not that.
private func decodeBase64(_ text: ArraySlice<UInt8>) -> [UInt8]? {
  guard text.count % 4 == 0 else { return nil }
  let padding = text.suffix(2).count { $0 == UInt8(ascii: "=") }
  var result: [UInt8] = []
  var bits: UInt32 = 0
  var bitCount = 0
  for byte in text.dropLast(padding) {
    let value: UInt8
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = byte - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): value = byte - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte - UInt8(ascii: "0") + 52
    case UInt8(ascii: "+"): value = 62
    case UInt8(ascii: "/"): value = 63
    default: return nil
    }
    bits = bits << 6 | UInt32(value)
    bitCount += 6
    if bitCount >= 8 {
      bitCount -= 8
      result.append(UInt8(truncatingIfNeeded: bits >> bitCount))
    }
  }
  return result
}
