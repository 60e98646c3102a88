/// The tokens and merges of vocabulary files while they are read, each checked as it comes.
struct BytePairVocabulary {
  /// The file the tokens come from.
  let path: String
  private(set) var spellings = TokenSpellings()
  /// The bytes of each id's token; none where it is no byte-pair token.
  private(set) var tokens = TokenTable()
  /// Tokens not spelled in the visible alphabet; no text becomes one by merging.
  private(set) var otherTokens: [TokenID: [UInt8]] = [:]
  private(set) var merges: [BytePairMerge] = []
  private var isTaken: [Bool] = []
  private var pending = PendingMerges()

  /// Ids are below this; so many fit the table of merges.
  static let idLimit = 1 << 20 - 1

  init(path: String) {
    self.path = path
  }

  /// Reads an object of spellings and ids, `vocab.json` or the part of a `tokenizer.json`.
  ///
  /// - Parameters:
  ///   - node: the object.
  ///   - keys: what leads to it in the document.
  ///   - text: the document's text, in which messages tell places.
  /// - Throws: ``TokenizeError/malformed(path:place:reason:)``.
  mutating func readTokens(
    _ node: JSONNode, keys: [String] = [], text: [UInt8]
  ) throws(TokenizeError) {
    guard node.kind == .object else {
      throw .malformed(
        path: path, place: "document",
        reason: "an object of tokens and their ids was expected, not \(node.kind.rawValue)")
    }
    let count = node.childCount
    // Most tokens have six to eight bytes; longer ones only make the row grow.
    spellings.reserve(count, bytes: 8 * count)
    isTaken.reserveCapacity(count)
    let places = { (number: Int) in
      JSONMemberPlaces(text).byte(ofMember: number, in: keys)
    }
    do throws(TokenFault) {
      try node.forEachChild { (key, value) throws(TokenFault) in
        guard let id = value.integer else { throw TokenFault(key, .noWholeNumber) }
        try add(key, id: id)
      }
    } catch {
      throw malformed(error.spelling, places(spellings.count), reason(error.kind, places))
    }
    if let number = spellings.place() {
      var reason = "it is listed twice"
      if let first = spellings.firstNumber(spelledAs: number) {
        reason +=
          ", with the ids \(spellings.id(ofNumber: first)) and \(spellings.id(ofNumber: number))"
          + (places(first).map { "; first at byte \($0)" } ?? "")
      }
      throw malformed(spellings.bytes(of: number), places(number), reason)
    }
    guard spellings.count > 0 else {
      throw .malformed(path: path, place: "document", reason: "there are no tokens in it")
    }
    tokens = TokenTable(spelledBy: spellings, idCount: isTaken.count)
    for number in 0..<spellings.count {
      let id = spellings.id(ofNumber: number)
      if !tokens.hasToken(Int(id)) { otherTokens[id] = spellings.bytes(of: number) }
    }
  }

  /// What is wrong with a token, at a byte of the file where that is known.
  private func malformed(_ spelling: [UInt8], _ byte: Int?, _ reason: String) -> TokenizeError {
    let place = byte.map { "byte \($0): " } ?? ""
    return .malformed(path: path, place: "\(place)token \(quoted(spelling))", reason: reason)
  }

  /// A token whose id is wrong.
  private struct TokenFault: Error {
    enum Kind {
      case noWholeNumber
      case outOfRange(Int)
      case taken(TokenID)
    }

    let spelling: [UInt8]
    let kind: Kind

    init(_ spelling: RawSpan, _ kind: Kind) {
      self.spelling = spelling.array
      self.kind = kind
    }
  }

  private func reason(_ fault: TokenFault.Kind, _ places: (Int) -> Int?) -> String {
    switch fault {
    case .noWholeNumber: return "its id is not a whole number"
    case .outOfRange(let id): return "its id \(id) is not between 0 and \(Self.idLimit - 1)"
    case .taken(let id):
      let reason = "its id \(id) belongs to another token as well"
      guard let other = spellings.number(of: id) else { return reason }
      return "\(reason), \(quoted(spellings.bytes(of: other)))"
        + (places(other).map { " at byte \($0)" } ?? "")
    }
  }

  private mutating func add(_ spelling: RawSpan, id: Int) throws(TokenFault) {
    guard id >= 0, id < Self.idLimit else { throw TokenFault(spelling, .outOfRange(id)) }
    while isTaken.count <= id { isTaken.append(false) }
    guard !isTaken[id] else { throw TokenFault(spelling, .taken(TokenID(id))) }
    spellings.append(spelling, TokenID(id))
    isTaken[id] = true
  }

  /// Takes in the merge of two tokens; it is in ``merges`` after ``settleMerges(_:)`` at the latest.
  ///
  /// - Parameters:
  ///   - line: their spellings with a space between.
  ///   - space: where it is.
  ///   - file: where the merge comes from.
  ///   - number: which one it is there.
  /// - Throws: ``TokenizeError/malformed(path:place:reason:)`` for this merge, or for an earlier one, whose
  ///   tokens there are not.
  mutating func addMerge(
    _ line: RawSpan, space: Int, in file: MergeFile, number: Int
  ) throws(TokenizeError) {
    let merge = pending.append(line, space: space, number: number)
    spellings.fetch(merge.leftHash)
    spellings.fetch(merge.rightHash)
    if pending.merges.count == TokenSpellings.blockCount { try settleMerges(file) }
  }

  /// Finds the tokens of the merges added last.
  mutating func settleMerges(_ file: MergeFile) throws(TokenizeError) {
    var settled = PendingMerges()
    swap(&settled, &pending)
    defer {
      settled.removeAll()
      swap(&settled, &pending)
    }
    for merge in settled.merges {
      spellings.fetchSpelling(merge.leftHash)
      spellings.fetchSpelling(merge.rightHash)
    }
    for merge in settled.merges {
      let left = unsafe settled.text.span.bytes.extracting(merge.left)
      let right = unsafe settled.text.span.bytes.extracting(merge.right)
      let leftID = spellings.id(of: left, merge.leftHash)
      let rightID = spellings.id(of: right, merge.rightHash)
      guard let leftID, let rightID, let result = spellings.id(of: left, right) else {
        let missing =
          leftID == nil ? left.array : rightID == nil ? right.array : left.array + right.array
        throw .malformed(
          path: file.path, place: file.place(merge.number),
          reason: "the token \(quoted(missing)) is not in \(path); "
            + "are the files of one vocabulary?")
      }
      merges.append(BytePairMerge(left: leftID, right: rightID, result: result))
    }
  }

  /// Bytes that no token stands for.
  var missingBytes: [UInt8] {
    var isThere = [Bool](repeating: false, count: 256)
    for id in 0..<tokens.count where tokens.byteCount(of: id) == 1 {
      if let byte = tokens[id]?.first { isThere[Int(byte)] = true }
    }
    return (0...255).filter { (byte: UInt8) in !isThere[Int(byte)] }
  }

  /// The ids of tokens of several bytes that no merge makes.
  var unreachable: [Int] {
    var isMade = [Bool](repeating: false, count: tokens.count)
    for merge in merges { isMade[Int(merge.result)] = true }
    return isMade.indices.filter { !isMade[$0] && tokens.byteCount(of: $0) > 1 }
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

/// Where merges come from, and what messages call the place of one by its number.
struct MergeFile {
  let path: String
  let place: (Int) -> String
}

/// Merges whose tokens have been asked for and not yet looked at.
private struct PendingMerges {
  struct Merge {
    let number: Int
    let left: Range<Int>
    let right: Range<Int>
    let leftHash: UInt64
    let rightHash: UInt64
  }

  private(set) var merges: [Merge] = []
  /// The lines of two spellings, one behind the other.
  private(set) var text: [UInt8] = []

  mutating func append(_ line: RawSpan, space: Int, number: Int) -> Merge {
    let start = text.count
    unsafe line.withUnsafeBytes { unsafe text.append(contentsOf: $0) }
    let merge = Merge(
      number: number, left: start..<start + space, right: start + space + 1..<text.count,
      leftHash: TokenSpellings.hash(line.extracting(0..<space)),
      rightHash: TokenSpellings.hash(line.extracting(space + 1..<line.byteCount)))
    merges.append(merge)
    return merge
  }

  mutating func removeAll() {
    merges.removeAll(keepingCapacity: true)
    text.removeAll(keepingCapacity: true)
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

  /// Writes the bytes that a token is spelled for, which are not more than the spelling's, and returns
  /// their number; `nil` where a character is not of the alphabet.
  @unsafe
  fileprivate static func translate(
    _ spelling: UnsafeRawBufferPointer, into token: UnsafeMutablePointer<UInt8>
  ) -> Int? {
    var count = 0
    var index = 0
    while index < spelling.count {
      let byte = unsafe spelling[index]
      index += 1
      // Most characters stand for themselves: those of ASCII that can be seen.
      if byte > 0x20, byte < 0x7F {
        unsafe token[count] = byte
      } else {
        // The others of the alphabet have two bytes; it ends at U+0143.
        guard byte & 0xE0 == 0xC0, index < spelling.count else { return nil }
        let codePoint = unsafe Int(byte & 0x1F) << 6 | Int(spelling[index] & 0x3F)
        guard codePoint < bytes.count, bytes[codePoint] >= 0 else { return nil }
        unsafe token[count] = UInt8(bytes[codePoint])
        index += 1
      }
      count += 1
    }
    return count
  }
}

extension TokenTable {
  /// Takes the bytes that tokens are spelled for; none of a token that is not spelled in the visible
  /// alphabet.
  ///
  /// - Precondition: The ids are below `idCount`.
  fileprivate init(spelledBy spellings: TokenSpellings, idCount: Int) {
    // No token has more bytes than its spelling.
    unsafe self.init(count: spellings.count, idCount: idCount, byteLimit: spellings.byteCount) {
      (number, room) in
      let count = unsafe spellings.withBytes(of: number) {
        unsafe VisibleBytes.translate($0, into: room)
      }
      return count.map { (spellings.id(ofNumber: number), $0) }
    }
  }
}
