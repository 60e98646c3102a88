import TestSupport

@testable import Tokenize

/// A vocabulary of all bytes, a few merges and `<|endoftext|>`, written as files.
struct TinyVocabulary {
  let folder: TemporaryFolder
  static let merges = ["h e", "l l", "he ll", "hell o", "Ġ w", "o r", "Ġw or", "l d", "Ġ Ġ", "Ã ©"]

  /// Spellings by id: the bytes, what the merges make, `<|endoftext|>`.
  static var tokens: [String] {
    VisibleBytes.characters.map { String(Character($0)) }
      + merges.map { $0.filter { $0 != " " } } + ["<|endoftext|>"]
  }

  init() throws {
    folder = try TemporaryFolder()
    try folder.write("vocab.json", Self.json(Self.tokens))
    try folder.write(
      "merges.txt",
      Array("#version: 0.2\n\(Self.merges.joined(separator: "\n"))\n".utf8))
  }

  static func json(_ tokens: [String]) -> [UInt8] {
    let rows = tokens.enumerated().map { "\(quoted($1)): \($0)" }
    return Array("{\(rows.joined(separator: ", "))}".utf8)
  }

  static func quoted(_ token: String) -> String {
    let escaped = token.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    return "\"\(escaped)\""
  }

  var choice: TokenizerChoice {
    TokenizerChoice(
      kind: .gpt2BPE, vocabularyFile: folder.file("vocab.json"),
      mergeFile: folder.file("merges.txt"))
  }

  /// The id of a spelling.
  static func id(_ token: String) -> TokenID {
    TokenID(tokens.firstIndex(of: token) ?? 0xFFFF_FFFF)
  }
}

extension Tokenizer {
  /// The ids of bytes.
  func ids(_ text: [UInt8], atStart: Bool = true) throws -> [TokenID] {
    var cache = makeCache(byteBudget: 1 << 18)
    var ids = TokenBuffer()
    try unsafe encode(text.span.bytes, atStart: atStart, into: &ids, cache: &cache)
    return ids.array
  }

  /// The bytes of ids.
  func bytes(_ ids: [TokenID]) -> [UInt8] { decode(ids.span) }
}
