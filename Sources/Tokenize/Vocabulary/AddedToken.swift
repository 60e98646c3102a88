internal import CTokenize

/// A token found in text before it is cut into words, as Hugging Face's added tokens are.
struct AddedToken: Equatable, Sendable {
  var id: TokenID
  var content: [UInt8]
  /// Whether it is markup, which ``SpecialText`` governs.
  var isSpecial = true
  /// Whether it is sought in normalised text.
  var isNormalized = false
  /// Whether it takes the white space before it along.
  var stripsLeft = false
  /// Whether it takes the white space after it along.
  var stripsRight = false
  /// Whether it counts only where no word character touches it.
  var isSingleWord = false
}

/// A piece of text between added tokens, or one of them.
struct TextPiece {
  var range: Range<Int>
  var token: AddedToken?
}

/// Finds added tokens in text: at the leftmost place where one begins, the longest.
///
/// Places where none can begin are passed over many bytes at a time. A class, so that looking through a
/// text copies one reference.
final class AddedTokenMatcher: Sendable {
  /// The tokens, in no particular order.
  let tokens: [AddedToken]
  /// Whether some token depends on text beyond its own.
  let looksAround: Bool
  /// Whether some token counts only as a single word.
  let hasSingleWords: Bool
  /// The length of the longest token, in bytes.
  let longest: Int
  private let prefixes: [ctok_prefix]
  /// Prefixes that are sought at once; more would be slower than looking at each byte.
  private static let prefixLimit = 8
  private let begins: [Bool]
  private let tree: AddedTokenTree

  /// Builds the tree; of tokens with the same text the first one counts.
  init(_ tokens: [AddedToken]) {
    let tokens = tokens.filter { !$0.content.isEmpty }
    self.tokens = tokens
    looksAround = tokens.contains { $0.stripsLeft || $0.stripsRight || $0.isSingleWord }
    hasSingleWords = tokens.contains { $0.isSingleWord }
    longest = tokens.map(\.content.count).max() ?? 0
    prefixes = Self.prefixes(of: tokens.map(\.content))
    var begins = [Bool](repeating: false, count: 256)
    for token in tokens { begins[Int(token.content[0])] = true }
    self.begins = begins
    var tree = AddedTokenTree()
    for (number, token) in tokens.enumerated() { tree.insert(token.content, number) }
    self.tree = tree
  }

  /// What tokens begin with: two bytes, and the third where it is the same in all of these.
  private static func prefixes(of tokens: [[UInt8]]) -> [ctok_prefix] {
    var prefixes: [ctok_prefix] = []
    for token in tokens {
      func byte(_ place: Int) -> UInt8 { place < token.count ? token[place] : 0 }
      func mask(_ place: Int) -> UInt8 { place < token.count ? 0xFF : 0 }
      let new = ctok_prefix(
        first: byte(0), second: byte(1), third: byte(2), second_mask: mask(1), third_mask: mask(2))
      let place = prefixes.firstIndex {
        $0.first == new.first && $0.second == new.second && $0.second_mask == new.second_mask
      }
      guard let place else {
        prefixes.append(new)
        continue
      }
      if prefixes[place].third != new.third || prefixes[place].third_mask != new.third_mask {
        prefixes[place].third = 0
        prefixes[place].third_mask = 0
      }
    }
    return prefixes
  }

  /// One that finds at once what this one finds in a text and `later` in what lies between.
  ///
  /// `nil` where a token of the one might overlap one of the other, since they share a byte, or
  /// depends on text beyond its own; where one of the two has no token; and where together they
  /// begin in so many ways that looking twice is faster.
  func joined(with later: AddedTokenMatcher) -> AddedTokenMatcher? {
    guard !tokens.isEmpty, !later.tokens.isEmpty, !looksAround, !later.looksAround else {
      return nil
    }
    let bytes = Set(tokens.flatMap(\.content))
    guard later.tokens.allSatisfy({ bytes.isDisjoint(with: $0.content) }) else { return nil }
    let both = AddedTokenMatcher(tokens + later.tokens)
    return both.prefixes.count <= Self.prefixLimit ? both : nil
  }

  /// The first match from `start` on: where it is and which token.
  func firstMatch(in text: Characters, from start: Int) -> (range: Range<Int>, token: AddedToken)? {
    guard longest > 0 else { return nil }
    var offset = start
    while true {
      offset = firstCandidate(in: text, from: offset)
      guard offset < text.count else { return nil }
      if let (end, token) = tree.longestMatch(in: text, at: offset) {
        return (offset..<end, tokens[token])
      }
      offset += 1
    }
  }

  private func firstCandidate(in text: Characters, from start: Int) -> Int {
    if prefixes.count <= Self.prefixLimit {
      return unsafe prefixes.withUnsafeBufferPointer { prefixes in
        unsafe start
          + ctok_find(
            text.pointer + start, text.count - start, prefixes.baseAddress, prefixes.count)
      }
    }
    var offset = start
    while offset < text.count, !begins[Int(text.byte(offset))] { offset += 1 }
    return offset
  }
}

/// The tree of the bytes of all added tokens.
private struct AddedTokenTree {
  private var nodes = [Node(byte: 0)]
  /// The node of each first byte; 0 for none.
  private var roots = [Int32](repeating: 0, count: 256)

  /// A place in the tree; 0 stands for none.
  private struct Node {
    var byte: UInt8
    var firstChild: Int32 = 0
    var nextSibling: Int32 = 0
    var token: Int32 = -1
  }

  /// Adds a token of at least one byte, unless one with the same bytes is there.
  mutating func insert(_ content: [UInt8], _ number: Int) {
    var node = roots[Int(content[0])]
    if node == 0 {
      node = append(content[0])
      roots[Int(content[0])] = node
    }
    for byte in content.dropFirst() {
      var child = nodes[Int(node)].firstChild
      while child != 0, nodes[Int(child)].byte != byte { child = nodes[Int(child)].nextSibling }
      if child == 0 {
        child = append(byte)
        nodes[Int(child)].nextSibling = nodes[Int(node)].firstChild
        nodes[Int(node)].firstChild = child
      }
      node = child
    }
    if nodes[Int(node)].token < 0 { nodes[Int(node)].token = Int32(number) }
  }

  private mutating func append(_ byte: UInt8) -> Int32 {
    nodes.append(Node(byte: byte))
    return Int32(nodes.count - 1)
  }

  /// The longest token that begins at `start`: where it ends and its number.
  func longestMatch(in text: Characters, at start: Int) -> (end: Int, token: Int)? {
    var node = roots[Int(text.byte(start))]
    var offset = start + 1
    var found: (end: Int, token: Int)?
    while node != 0 {
      let here = nodes[Int(node)]
      if here.token >= 0 { found = (offset, Int(here.token)) }
      guard offset < text.count else { break }
      let byte = text.byte(offset)
      var child = here.firstChild
      while child != 0, nodes[Int(child)].byte != byte { child = nodes[Int(child)].nextSibling }
      node = child
      offset += 1
    }
    return found
  }
}

/// Cuts a text into added tokens and what lies between them, from the left.
struct TextPieces {
  private let text: Characters
  private let matcher: AddedTokenMatcher
  private var position = 0
  /// Where the search for the next token goes on: a token that did not count is not searched again.
  private var searched = 0
  private var pending: TextPiece?

  init(_ text: Characters, _ matcher: AddedTokenMatcher) {
    self.text = text
    self.matcher = matcher
  }

  /// The next piece, `nil` at the end; pieces of no bytes are left out.
  mutating func next() -> TextPiece? {
    if let piece = pending {
      pending = nil
      position = piece.range.upperBound
      return piece
    }
    while let (range, token) = matcher.firstMatch(in: text, from: searched) {
      searched = range.upperBound
      if token.isSingleWord,
        text.hasWordCharacter(before: range.lowerBound)
          || text.hasWordCharacter(at: range.upperBound)
      {
        continue
      }
      var start = range.lowerBound
      var end = range.upperBound
      if token.stripsLeft {
        start = max(text.whiteSpaceStart(before: start, notBefore: position), position)
      }
      if token.stripsRight { end = text.whiteSpaceEnd(from: end) }
      // One that takes white space on its left, within white space that the token before took along,
      // is none for Hugging Face's library, which fails where it ends before that white space does.
      guard start < end else { continue }
      let piece = TextPiece(range: start..<end, token: token)
      guard position < start else {
        position = end
        return piece
      }
      pending = piece
      return TextPiece(range: position..<start, token: nil)
    }
    guard position < text.count else { return nil }
    defer { position = text.count }
    searched = text.count
    return TextPiece(range: position..<text.count, token: nil)
  }
}
