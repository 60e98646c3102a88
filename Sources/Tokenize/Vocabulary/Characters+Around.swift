extension Characters {
  /// Whether the character that ends at `offset` is one of a word, `\w`.
  func hasWordCharacter(before offset: Int) -> Bool {
    offset > 0 && isWordCharacter(characterStart(before: offset, notBefore: 0))
  }

  /// Whether the character that begins at `offset` is one of a word, `\w`.
  func hasWordCharacter(at offset: Int) -> Bool { offset < count && isWordCharacter(offset) }

  /// Where the white space that ends at `end` begins, but not before `first`.
  func whiteSpaceStart(before end: Int, notBefore first: Int) -> Int {
    var start = end
    while start > first {
      let previous = characterStart(before: start, notBefore: first)
      guard character(previous).class == .space else { break }
      start = previous
    }
    return start
  }

  /// Where the white space that begins at `start` ends.
  func whiteSpaceEnd(from start: Int) -> Int {
    var end = start
    while end < count {
      let next = character(end)
      guard next.class == .space else { break }
      end += next.length
    }
    return end
  }

  /// The start of the character that ends at `end`, a boundary between characters.
  func characterStart(before end: Int, notBefore first: Int) -> Int {
    var start = end - 1
    while start > first, end - start < 4, byte(start) & 0xC0 == 0x80 { start -= 1 }
    let lead = byte(start)
    guard lead >= 0x80, let (_, length) = codePoint(start, lead), start + length == end else {
      return end - 1
    }
    return start
  }

  /// `\w` of Unicode 16: alphabetic characters, marks, decimal digits, connectors, joiners.
  private func isWordCharacter(_ offset: Int) -> Bool {
    let lead = byte(offset)
    var value = UInt32(lead)
    if lead >= 0x80 {
      guard let (codePoint, _) = codePoint(offset, lead) else { return false }
      value = codePoint
    }
    guard let properties = Unicode.Scalar(value)?.properties, let age = properties.age,
      age.major <= 16
    else { return false }
    if properties.isAlphabetic || properties.isJoinControl { return true }
    switch properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation:
      return true
    default: return false
    }
  }
}

extension RawSpan {
  /// The text character by character; for use while the span is alive.
  var characters: Characters {
    unsafe withUnsafeBytes { bytes in
      // No byte of an empty text is read, so any address will do for it.
      let base = unsafe bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1).unsafelyUnwrapped
      return unsafe Characters(base.assumingMemoryBound(to: UInt8.self), count: bytes.count)
    }
  }

  /// A byte.
  @inline(__always)
  func byte(_ offset: Int) -> UInt8 {
    precondition(offset >= 0 && offset < byteCount)
    return unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  /// A copy of the bytes.
  var array: [UInt8] { unsafe withUnsafeBytes { unsafe Array($0) } }

  /// The bytes as text, mended where they are no UTF-8.
  package var text: String {
    unsafe withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }
}
