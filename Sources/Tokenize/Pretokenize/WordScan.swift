import CTokenize

/// Finds where GPT-2's words begin, 64 bytes at a time.
///
/// Each byte gets a class, all bytes of a character the same one, as four rows of bits: letters,
/// numbers, white space, and the rest. A word begins where the class changes, but
/// - not behind a plain space, which belongs to what follows it;
/// - also at the last character of a run of white space that something follows;
/// - behind a contraction, and not inside it.
///
/// ``SplitRule/wordEnd(_:from:)`` says the same one character after the other.
@safe
struct WordScan: ~Copyable {
  /// Bytes looked at in one go.
  static let segment = 4096

  /// Where the words found last begin, relative to the segment; one more entry ends the last word, and
  /// eight more may be written without a meaning.
  let bounds = UnsafeMutablePointer<UInt16>.allocate(capacity: segment + 9)
  /// Words found last.
  private(set) var wordCount = 0

  private let masks = UnsafeMutablePointer<ctok_masks>.allocate(capacity: segment / 64)
  private let starts = UnsafeMutablePointer<UInt64>.allocate(capacity: segment / 64)
  private let tail = UnsafeMutablePointer<UInt8>.allocate(capacity: 64)

  deinit {
    unsafe bounds.deallocate()
    unsafe masks.deallocate()
    unsafe starts.deallocate()
    unsafe tail.deallocate()
  }

  /// Finds the words of a segment of `text` that begins at `start`, itself the start of a word.
  ///
  /// The last word found ends inside the segment, or with the text. None is found when the first
  /// is longer than a segment.
  ///
  /// - Precondition: `0 ≤ start < text.count`.
  mutating func scan(_ text: Characters, from start: Int) {
    let length = min(Self.segment, text.count - start)
    let isLast = start + length == text.count
    let blocks = describe(text, start, length)
    let next = classify(text, start, blocks)
    let endsInSpace =
      isLast || (next ?? text.character(start + length).class) == .space
    if markStarts(text, start, blocks, nextIsSpace: endsInSpace) {
      markContractions(text, start, length, blocks)
    }
    collect(length, blocks, isLast)
  }

  /// As ``scan(_:from:)``, by any rule, one character after the other.
  mutating func read(_ text: Characters, from start: Int, by rule: SplitRule) {
    var found = 0
    var end = start
    while end < text.count, end - start <= Self.segment {
      unsafe bounds[found] = UInt16(truncatingIfNeeded: end - start)
      found += 1
      end = rule.wordEnd(text, from: end)
    }
    if end - start <= Self.segment {
      unsafe bounds[found] = UInt16(truncatingIfNeeded: end - start)
      wordCount = found
    } else {
      wordCount = found - 1
    }
  }

  /// Fills the rows for ASCII; returns the number of blocks, the last one perhaps in part.
  private func describe(_ text: Characters, _ start: Int, _ length: Int) -> Int {
    let whole = length / 64
    unsafe ctok_describe(text.pointer + start, whole, masks)
    let rest = length % 64
    guard rest > 0 else { return whole }
    // White space behind the text begins no word and cuts no run of white space.
    unsafe tail.update(repeating: 0x20, count: 64)
    unsafe tail.update(from: text.pointer + start + whole * 64, count: rest)
    unsafe ctok_describe(tail, 1, masks + whole)
    return whole + 1
  }

  /// Adds the characters beyond ASCII to the rows.
  ///
  /// - Returns: The class of a character that reaches over the end of the segment, if one does.
  private func classify(_ text: Characters, _ start: Int, _ blocks: Int) -> CharacterClass? {
    var carriedClass = CharacterClass.other
    var carried: UInt64 = 0
    for block in 0..<blocks {
      var beyond = unsafe masks[block].beyond_ascii
      guard beyond != 0 else { continue }
      if carried != 0 {
        unsafe add(carried, carriedClass, to: &masks[block])
        beyond &= ~carried
        carried = 0
      }
      while beyond != 0 {
        let bit = beyond.trailingZeroBitCount
        let (kind, length) = text.character(start + block * 64 + bit)
        let bits = ((UInt64(1) << UInt64(length)) - 1) << UInt64(bit)
        unsafe add(bits, kind, to: &masks[block])
        beyond &= ~bits
        if bit + length > 64 {
          carried = (1 << UInt64(bit + length - 64)) - 1
          carriedClass = kind
        }
      }
    }
    return carried != 0 ? carriedClass : nil
  }

  @inline(__always)
  private func add(_ bits: UInt64, _ kind: CharacterClass, to masks: inout ctok_masks) {
    switch kind {
    case .letter, .upper, .lower: masks.letters |= bits
    case .number: masks.digits |= bits
    case .space: masks.white_space |= bits
    case .other, .mark: break
    }
  }

  /// Marks the starts of words but for contractions; returns whether there may be one of those.
  private func markStarts(
    _ text: Characters, _ start: Int, _ blocks: Int, nextIsSpace: Bool
  ) -> Bool {
    var before = ctok_masks()
    var hadOther: UInt64 = 0
    var apostrophes: UInt64 = 0
    for block in 0..<blocks {
      let now = unsafe masks[block]
      let other = ~(now.letters | now.digits | now.white_space)
      let change =
        now.letters & ~(now.letters << 1 | before.letters >> 63)
        | now.digits & ~(now.digits << 1 | before.digits >> 63)
        | now.white_space & ~(now.white_space << 1 | before.white_space >> 63)
        | other & ~(other << 1 | hadOther)
      let behindSpace = ~now.white_space & (now.spaces << 1 | before.spaces >> 63)
      let spaceFollows: UInt64 =
        if block + 1 < blocks { unsafe masks[block + 1].white_space & 1 } else {
          nextIsSpace ? 1 : 0
        }
      let lastSpaces = now.white_space & ~(now.white_space >> 1 | spaceFollows << 63)
      unsafe starts[block] = change & ~behindSpace
      apostrophes |= unsafe starts[block] & now.apostrophes
      if lastSpaces & now.beyond_ascii == 0 {
        unsafe starts[block] |= lastSpaces
      } else {
        markLeads(of: lastSpaces, text, start, block)
      }
      before = now
      hadOther = other >> 63
    }
    return apostrophes != 0
  }

  /// Marks the first bytes of white space characters of which `lastBytes` are the last ones.
  private func markLeads(of lastBytes: UInt64, _ text: Characters, _ start: Int, _ block: Int) {
    var rest = lastBytes
    while rest != 0 {
      var place = block * 64 + rest.trailingZeroBitCount
      while place > 0, text.byte(start + place) & 0xC0 == 0x80 { place -= 1 }
      unsafe starts[place / 64] |= 1 << UInt64(place % 64)
      rest &= rest - 1
    }
  }

  private func markContractions(
    _ text: Characters, _ start: Int, _ length: Int, _ blocks: Int
  ) {
    for block in 0..<blocks {
      var rest = unsafe starts[block] & masks[block].apostrophes
      while rest != 0 {
        let place = block * 64 + rest.trailingZeroBitCount
        rest &= rest - 1
        guard place < length,
          let end = SplitRule.gpt2ContractionEnd(text, from: start + place)
        else { continue }
        let inside = place + 1
        let behind = end - start
        if inside / 64 < blocks { unsafe starts[inside / 64] &= ~(1 << UInt64(inside % 64)) }
        if behind < length { unsafe starts[behind / 64] |= 1 << UInt64(behind % 64) }
      }
    }
  }

  /// Turns the bits into places.
  private mutating func collect(_ length: Int, _ blocks: Int, _ isLast: Bool) {
    var found = unsafe ctok_collect(starts, blocks, bounds)
    if isLast {
      while found > 0, unsafe Int(bounds[found - 1]) >= length { found -= 1 }
      unsafe bounds[found] = UInt16(truncatingIfNeeded: length)
      wordCount = found
    } else {
      wordCount = found - 1
    }
  }
}
