extension JSONScanner {
  mutating func beginString(isKey: Bool) {
    self.isKey = isKey
    stringIsEmpty = true
    name.removeAll(keepingCapacity: true)
    state = .string
  }

  mutating func stringByte(_ byte: UInt8) {
    if utf8.isInside || byte >= 0x80 {
      guard utf8.take(byte) else { return fail("bytes that are not UTF-8") }
      return addToString(byte)
    }
    switch byte {
    case 0x22: endString()
    case 0x5C:
      state = .escape
      escapeStart = offset
    case 0: fail("a NUL byte inside a string")
    default: addToString(byte)
    }
  }

  private mutating func addToString(_ byte: UInt8) {
    endSurrogate()
    stringIsEmpty = false
    if isKey && name.count < nameLimit { name.append(byte) }
  }

  mutating func escapeByte(_ byte: UInt8) {
    switch byte {
    case 0x75:
      hexDigits = 0
      hexValue = 0
      state = .hex
      return
    case 0x22, 0x5C, 0x2F: addToString(byte)
    case 0x62: addToString(0x08)
    case 0x66: addToString(0x0C)
    case 0x6E: addToString(0x0A)
    case 0x72: addToString(0x0D)
    case 0x74: addToString(0x09)
    default: return fail("\(Self.name(of: byte)) after a backslash")
    }
    state = .string
  }

  mutating func hexByte(_ byte: UInt8) {
    guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
      return fail("\(Self.name(of: byte)) where one of four hexadecimal digits was expected")
    }
    hexValue = hexValue << 4 | UInt32(digit)
    hexDigits += 1
    guard hexDigits == 4 else { return }
    state = .string
    stringIsEmpty = false
    addCodeUnit(hexValue)
  }

  private mutating func addCodeUnit(_ unit: UInt32) {
    if let high = highSurrogate, unit >= 0xDC00 && unit <= 0xDFFF {
      highSurrogate = nil
      addScalar(0x10000 + (high.value - 0xD800) << 10 + (unit - 0xDC00))
      return
    }
    endSurrogate()
    switch unit {
    case 0xD800...0xDBFF: highSurrogate = (unit, escapeStart)
    case 0xDC00...0xDFFF: noteLoneSurrogate(at: escapeStart)
    default: addScalar(unit)
    }
  }

  private mutating func addScalar(_ value: UInt32) {
    guard isKey, let scalar = Unicode.Scalar(value) else { return }
    for byte in UTF8.encode(scalar) ?? .init() where name.count < nameLimit { name.append(byte) }
  }

  /// A high surrogate that was not followed by its other half stays alone.
  mutating func endSurrogate() {
    guard let high = highSurrogate else { return }
    highSurrogate = nil
    noteLoneSurrogate(at: high.offset)
  }

  private mutating func noteLoneSurrogate(at place: Int) {
    if isKey {
      // No wanted name has one: a byte that is in no UTF-8 makes it equal none.
      if name.count < nameLimit { name.append(0xFF) }
    } else {
      noteText { if $0.loneSurrogate == nil { $0.loneSurrogate = place } }
    }
  }

  private mutating func endString() {
    endSurrogate()
    if isKey {
      if containers.count == 1 {
        current = keys.firstIndex(of: name)
        if memberNames.count <= Self.toldNames.count { memberNames.append(name) }
      }
      state = .colon
    } else {
      if !stringIsEmpty { noteText { $0.hasText = true } }
      endValue(at: offset + 1)
    }
  }
}
