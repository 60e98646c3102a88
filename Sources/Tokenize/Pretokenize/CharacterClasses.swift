/// What the splitting rules ask of a character.
enum CharacterClass: UInt8, Sendable {
  /// None of the others: punctuation, symbols, control characters, what is unassigned or not UTF-8.
  case other = 0
  /// `\p{L}` without case: `Lm`, `Lo`.
  case letter
  /// `\p{Lu}`, `\p{Lt}`.
  case upper
  /// `\p{Ll}`.
  case lower
  /// `\p{N}`.
  case number
  /// `\s`: the property White_Space.
  case space
  /// `\p{M}`.
  case mark

  /// Whether it is one of `\p{L}`.
  var isLetter: Bool { rawValue >= 1 && rawValue <= 3 }
}

/// The class of every code point, in a table of two levels.
///
/// The classes are those of Unicode 16.0.0, as in Hugging Face tokenizers 0.23 and tiktoken 0.14.
struct CharacterClasses: Sendable {
  /// One table for the process; it takes about 60 KiB.
  static let shared = CharacterClasses()

  /// Code points in a block of the second level.
  static let blockSize = 256

  /// Which block of ``blocks`` describes each 256 code points.
  let blockNumbers: [UInt8]
  /// Raw values of ``CharacterClass``, block after block.
  let blocks: [UInt8]

  private init() {
    var numbers: [UInt8] = []
    var blocks: [UInt8] = []
    var uniformBlocks: [UInt8: UInt8] = [:]
    var block = [UInt8](repeating: 0, count: Self.blockSize)
    var run = 0
    for first in stride(from: 0, to: 0x110000, by: Self.blockSize) {
      var isUniform = true
      for offset in 0..<Self.blockSize {
        if run + 1 < Self.runs.count, Self.runs[run + 1] >> 3 == UInt32(first + offset) {
          run += 1
          if offset > 0 { isUniform = false }
        }
        block[offset] = UInt8(Self.runs[run] & 7)
      }
      if isUniform, let known = uniformBlocks[block[0]] {
        numbers.append(known)
        continue
      }
      let number = UInt8(blocks.count / Self.blockSize)
      if isUniform { uniformBlocks[block[0]] = number }
      numbers.append(number)
      blocks += block
    }
    blockNumbers = numbers
    self.blocks = blocks
  }

  /// The class of a code point.
  ///
  /// - Precondition: `codePoint` < 0x110000.
  subscript(codePoint: UInt32) -> CharacterClass {
    let start = Int(blockNumbers[Int(codePoint >> 8)]) * Self.blockSize
    return CharacterClass(rawValue: blocks[start + Int(codePoint & 255)]) ?? .other
  }
}
