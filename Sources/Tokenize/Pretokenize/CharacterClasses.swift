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
/// The table takes about 50 KiB, is built once and stays until the process ends.
@safe
struct CharacterClasses: @unchecked Sendable {
  // Sendable: nothing is written after `init`.

  /// One table for the process.
  static let shared = CharacterClasses()

  /// Code points in a block of the second level.
  private static let blockSize = 256

  /// Where the block of each 256 code points begins in `classes`.
  private let blocks: UnsafePointer<UInt16>
  /// Raw values of ``CharacterClass``, block after block.
  private let classes: UnsafePointer<UInt8>

  private init() {
    var blocks: [UInt16] = []
    var classes: [UInt8] = []
    var uniformBlocks: [UInt8: UInt16] = [:]
    var block = [UInt8](repeating: 0, count: Self.blockSize)
    var run = 0
    for first in stride(from: 0, to: 0x110000, by: Self.blockSize) {
      // Most blocks lie inside one run.
      var isUniform = true
      var offset = 0
      while offset < Self.blockSize {
        if Self.start(ofRun: run + 1) == first + offset { run += 1 }
        let end = min(Self.start(ofRun: run + 1) - first, Self.blockSize)
        let raw = UInt8(Self.runs[run] & 7)
        isUniform = end - offset == Self.blockSize
        if isUniform, let known = uniformBlocks[raw] {
          blocks.append(known)
        } else {
          for place in offset..<end { block[place] = raw }
        }
        offset = end
      }
      guard blocks.count == first / Self.blockSize else { continue }
      let start = UInt16(classes.count)
      if isUniform { uniformBlocks[block[0]] = start }
      blocks.append(start)
      classes += block
    }
    unsafe self.blocks = Self.immortal(blocks)
    unsafe self.classes = Self.immortal(classes)
  }

  private static func start(ofRun run: Int) -> Int {
    run < runs.count ? Int(runs[run] >> 3) : .max
  }

  @unsafe
  private static func immortal<Element>(_ elements: [Element]) -> UnsafePointer<Element> {
    let copy = UnsafeMutableBufferPointer<Element>.allocate(capacity: elements.count)
    _ = unsafe copy.initialize(from: elements)
    return unsafe UnsafePointer(copy.baseAddress.unsafelyUnwrapped)
  }

  /// The class of a code point.
  ///
  /// - Precondition: `codePoint` < 0x110000; checked in debug builds only.
  @inline(__always)
  subscript(codePoint: UInt32) -> CharacterClass {
    assert(codePoint < 0x110000)
    let start = unsafe Int(blocks[Int(codePoint >> 8)])
    // Every stored value is a raw value.
    return unsafe unsafeBitCast(classes[start + Int(codePoint & 255)], to: CharacterClass.self)
  }
}
