/// The tokens and merges of vocabulary files while they are read, each checked as it comes.
struct BytePairVocabulary {
  /// The file the tokens come from.
  let path: String
  private(set) var spellings = TokenSpellings()
  /// The bytes of each id's token; `nil` where it is no byte-pair token.
  private(set) var tokens: [[UInt8]?] = []
  /// Tokens not spelled in the visible alphabet; no text becomes one by merging.
  private(set) var otherTokens: [TokenID: [UInt8]] = [:]
  private(set) var merges: [BytePairMerge] = []
  private var isTaken: [Bool] = []

  /// Ids are below this; so many fit the table of merges.
  static let idLimit = 1 << 20 - 1

  init(path: String) {
    self.path = path
  }

  /// Reads an object of spellings and ids, `vocab.json` or the part of a `tokenizer.json`.
  mutating func readTokens(_ node: JSONNode) throws(TokenizeError) {
    guard node.kind == .object else {
      throw .malformed(
        path: path, place: "document",
        reason: "an object of tokens and their ids was expected, not \(node.kind.rawValue)")
    }
    try node.forEachChild { (key, value) throws(TokenizeError) in
      guard let id = value.integer else {
        throw .malformed(
          path: path, place: "token \(quoted(key))", reason: "its id is not a whole number")
      }
      try add(key, id: id)
    }
    guard spellings.count > 0 else {
      throw .malformed(path: path, place: "document", reason: "there are no tokens in it")
    }
  }

  private mutating func add(_ spelling: [UInt8], id: Int) throws(TokenizeError) {
    guard id >= 0, id < Self.idLimit else {
      throw .malformed(
        path: path, place: "token \(quoted(spelling))",
        reason: "its id \(id) is not between 0 and \(Self.idLimit - 1)")
    }
    while tokens.count <= id {
      tokens.append(nil)
      isTaken.append(false)
    }
    guard !isTaken[id] else {
      throw .malformed(
        path: path, place: "token \(quoted(spelling))",
        reason: "its id \(id) belongs to another token as well")
    }
    guard spellings.insert(spelling, TokenID(id)) else {
      throw .malformed(
        path: path, place: "token \(quoted(spelling))", reason: "it is listed twice")
    }
    isTaken[id] = true
    if let bytes = VisibleBytes.bytes(spelledBy: spelling[...]) {
      tokens[id] = bytes
    } else {
      otherTokens[TokenID(id)] = spelling
    }
  }

  /// Adds the merge of two tokens, given by their spellings.
  mutating func addMerge(
    _ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>, file: String,
    place: @autoclosure () -> String
  ) throws(TokenizeError) {
    func id(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) throws(TokenizeError) -> TokenID
    {
      if let id = spellings.id(of: left, right) { return id }
      throw .malformed(
        path: file, place: place(),
        reason: "the token \(quoted(Array(left + right))) is not in \(path); "
          + "are the files of one vocabulary?")
    }
    let merge = BytePairMerge(
      left: try id(left, []), right: try id(right, []), result: try id(left, right))
    merges.append(merge)
  }

  /// Bytes that no token stands for.
  var missingBytes: [UInt8] {
    var isThere = [Bool](repeating: false, count: 256)
    for case .some(let token) in tokens where token.count == 1 { isThere[Int(token[0])] = true }
    return (0...255).filter { (byte: UInt8) in !isThere[Int(byte)] }
  }

  /// The number of tokens of several bytes that no merge makes.
  var unreachableCount: Int {
    var isMade = [Bool](repeating: false, count: tokens.count)
    for merge in merges { isMade[Int(merge.result)] = true }
    return zip(tokens, isMade).count { token, isMade in !isMade && (token?.count ?? 0) > 1 }
  }

  /// The finished model.
  func makeModel() throws(TokenizeError) -> BytePairModel {
    do throws(TokenizeError) {
      return try BytePairModel(tokens: tokens, merges: merges)
    } catch {
      if case .unsupported(_, let component, let reason) = error {
        throw .unsupported(path: path, component: component, reason: reason)
      }
      throw error
    }
  }
}

/// A token in a message: in quotation marks, shortened.
func quoted(_ bytes: [UInt8]) -> String {
  let text = String(decoding: bytes.prefix(60), as: UTF8.self)
  return bytes.count > 60 ? "\"\(text)…\"" : "\"\(text)\""
}

extension VisibleBytes {
  /// The byte of each character of the alphabet, by code point; -1 for other characters.
  private static let bytes: [Int16] = {
    var bytes = [Int16](repeating: -1, count: 0x180)
    for (byte, character) in characters.enumerated() { bytes[Int(character.value)] = Int16(byte) }
    return bytes
  }()

  /// The bytes that a token is spelled for, `nil` where a character is not of the alphabet.
  static func bytes(spelledBy spelling: ArraySlice<UInt8>) -> [UInt8]? {
    var result: [UInt8] = []
    result.reserveCapacity(spelling.count)
    var index = spelling.startIndex
    while index < spelling.endIndex {
      var codePoint = Int(spelling[index])
      index += 1
      if codePoint >= 0x80 {
        // The alphabet ends at U+0143: its characters have at most two bytes.
        guard codePoint & 0xE0 == 0xC0, index < spelling.endIndex else { return nil }
        codePoint = (codePoint & 0x1F) << 6 | Int(spelling[index] & 0x3F)
        index += 1
      }
      guard codePoint < bytes.count, bytes[codePoint] >= 0 else { return nil }
      result.append(UInt8(bytes[codePoint]))
    }
    return result
  }
}
