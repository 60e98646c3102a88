/// Two tokens that become one.
public struct BytePairMerge: Equatable, Sendable {
  /// The token on the left.
  public let left: TokenID
  /// The token on the right.
  public let right: TokenID
  /// The token of their joined bytes.
  public let result: TokenID

  /// Names the two tokens and what they become.
  public init(left: TokenID, right: TokenID, result: TokenID) {
    self.left = left
    self.right = right
    self.result = result
  }
}

/// The tokens and the ranked merges of a byte-level BPE vocabulary; immutable and shared by threads.
public final class BytePairModel: Sendable {
  /// The id of each byte's token, or ``absent``.
  let byteTokens: [TokenID]
  /// The merges, best first.
  let merges: PairTable
  /// The bytes of all tokens.
  private let tokens: TokenTable

  /// Whether some byte has no token of its own.
  private let lacksBytes: Bool

  /// Longest token of a ranked vocabulary, in bytes: every way to cut one is tried.
  private static let longestRankedToken = 4096

  /// Marks a byte that no token stands for.
  static let absent = TokenID.max

  /// The number of ids, holes included.
  public var tokenCount: Int { tokens.count }

  /// Builds a model from merges in the order of their ranks, as in `merges.txt`.
  ///
  /// Bytes without a token of their own are left out of what is encoded, as Hugging Face does
  /// where there is no unknown token.
  ///
  /// `tokens` holds the bytes of each id; none where an id is no byte-pair token.
  ///
  /// - Throws: ``TokenizeError/unsupported(path:component:reason:)`` for 2²⁰ ids or more or 2²³
  ///   merges, ``TokenizeError/malformed(path:place:reason:)`` for an id out of range.
  package convenience init(
    tokens: TokenTable, merges: [BytePairMerge]
  ) throws(TokenizeError) {
    try self.init(tokens: tokens, merges: merges, rankedByResult: false)
  }

  private init(
    tokens: TokenTable, merges: [BytePairMerge], rankedByResult: Bool
  ) throws(TokenizeError) {
    var byteTokens = [TokenID](repeating: Self.absent, count: 256)
    for id in 0..<tokens.count where tokens.byteCount(of: id) == 1 {
      if let byte = tokens[id]?.first { byteTokens[Int(byte)] = TokenID(id) }
    }
    self.merges = try PairTable(
      merges, rankedByResult: rankedByResult, byteTokens: byteTokens, tokenCount: tokens.count)
    self.byteTokens = byteTokens
    lacksBytes = byteTokens.contains(Self.absent)
    self.tokens = tokens
  }

  /// Builds a model from tokens ranked by their ids, as in tiktoken's files: two neighbours may
  /// merge when their joined bytes are a token, those of the lowest id first.
  ///
  /// - Throws: As ``init(tokens:merges:)``.
  package convenience init(ranks tokens: [[UInt8]?]) throws(TokenizeError) {
    var ids: [[UInt8]: TokenID] = [:]
    ids.reserveCapacity(tokens.count)
    for (id, token) in tokens.enumerated() {
      if let token { ids[token] = TokenID(id) }
    }
    var merges: [BytePairMerge] = []
    for (id, token) in tokens.enumerated() {
      guard let token, token.count > 1 else { continue }
      guard token.count <= Self.longestRankedToken else {
        throw .malformed(
          path: "vocabulary", place: "token \(id)",
          reason: "it has \(token.count) bytes; at most \(Self.longestRankedToken) are allowed")
      }
      for cut in 1..<token.count {
        guard let left = ids[Array(token[..<cut])], let right = ids[Array(token[cut...])] else {
          continue
        }
        merges.append(BytePairMerge(left: left, right: right, result: TokenID(id)))
      }
    }
    try self.init(tokens: TokenTable(tokens), merges: merges, rankedByResult: true)
  }

  /// Whether some byte of a text has no token of its own.
  @unsafe @inline(__always)
  func lacksByte(of text: UnsafePointer<UInt8>, count: Int) -> Bool {
    guard lacksBytes else { return false }
    for index in 0..<count where unsafe byteTokens[Int(text[index])] == Self.absent { return true }
    return false
  }

  /// Appends the bytes of a token; nothing for an id without one.
  package func appendBytes(of id: TokenID, to bytes: inout [UInt8]) {
    guard id < tokenCount, let token = tokens[Int(id)] else { return }
    bytes += token
  }

  /// The number of bytes of a token.
  @inline(__always)
  func byteCount(of id: TokenID) -> Int { tokens.byteCount(of: Int(id)) }
}
