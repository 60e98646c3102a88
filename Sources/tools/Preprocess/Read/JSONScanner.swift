/// Judges one JSON record byte by byte, in as many pieces as it comes in, and finds the wanted members.
///
/// It is the exact and slow judge behind the fast parser: it takes any length with little memory, it
/// never recurses, and it knows the byte at fault. It takes what both Python's `json` and `ujson` take,
/// which is JSON and the numbers `NaN`, `Infinity` and `-Infinity` and integers of any length, and
/// beyond that, as `ujson` does, control characters inside strings, other than NUL. Lone surrogates
/// are a fault in wanted text only. One U+FEFF or U+001E before the record is passed over.
struct JSONScanner: Sendable {
  /// A byte that cannot be there.
  struct Fault: Equatable, Sendable {
    /// The offset from the start of the record.
    var offset: Int
    var reason: String
    /// Whether a wanted member is absent.
    var isMissingMember = false
  }

  /// Containers inside one another at most.
  static let depthLimit = 1024

  enum State {
    case start, mark1, mark2
    case value, valueOrEnd, keyOrEnd, key, colon, commaOrEnd
    case string, escape, hex
    case literal
    case minus, zero, integer, point, fraction, exponent, exponentSign, exponentDigits
    case done
  }

  let keys: [[UInt8]]
  var state = State.start
  /// Bytes seen.
  var offset = 0
  /// The first thing wrong; nothing is read after it.
  var fault: Fault?
  /// Open containers: whether each is an object.
  var containers: [Bool] = []

  // The string that is being read.
  var isKey = false
  var stringIsEmpty = true
  var utf8 = UTF8Checker()
  var hexDigits = 0
  var hexValue: UInt32 = 0
  /// Where a high surrogate was read whose other half must come next.
  var highSurrogate: (value: UInt32, offset: Int)?
  var escapeStart = 0
  /// The member name that is being read, as far as it can still be a wanted one.
  var name: [UInt8] = []
  var nameLimit = 0
  /// The first members that the record has.
  var memberNames: [[UInt8]] = []
  /// As many are told in messages, and so many bytes of each.
  static let toldNames = (count: 5, bytes: 40)

  // The literal that is being read.
  var literal: StaticString = "null"
  var literalIndex = 0

  /// The wanted member whose value is being read.
  var current: Int?
  var numberIsZero = true
  var root: FoundValue?
  var values: [FoundValue?]

  init(keys: [[UInt8]]) {
    self.keys = keys
    values = [FoundValue?](repeating: nil, count: keys.count)
    nameLimit = keys.reduce(Self.toldNames.bytes) { max($0, $1.count) } + 1
  }

  /// Starts over with another record.
  mutating func reset() {
    self = JSONScanner(keys: keys)
  }

  /// Reads more of the record.
  mutating func feed(_ bytes: Span<UInt8>) {
    var index = 0
    while index < bytes.count && fault == nil {
      if state == .string {
        index = skipPlainText(bytes, from: index)
        if index == bytes.count { return }
      }
      let byte = bytes[index]
      // A byte after a number is read twice: it ends the number, then has its own meaning.
      if step(byte) {
        index += 1
        offset += 1
      }
    }
  }

  /// Ends the record; `atEnd` says that the stream ends with it, without a line end.
  mutating func finish(atEnd: Bool = false) {
    guard fault == nil else { return }
    endNumber()
    let cut =
      atEnd ? ", and the input with it: it seems to be cut off, so make or fetch it again" : ""
    switch state {
    case .done:
      break
    case .start, .mark1, .mark2:
      fail("the line is blank")
    case .string, .escape, .hex:
      fail("the record ends inside a string\(cut)")
    default:
      fail("the record ends too early\(cut)")
    }
  }

  mutating func fail(_ reason: String, at place: Int? = nil) {
    if fault == nil { fault = Fault(offset: place ?? offset, reason: reason) }
  }

  /// Passes over bytes of a string that mean themselves.
  private mutating func skipPlainText(_ bytes: Span<UInt8>, from start: Int) -> Int {
    guard !utf8.isInside else { return start }
    var index = start
    while index < bytes.count {
      let byte = bytes[index]
      if byte < 0x20 || byte >= 0x80 || byte == 0x22 || byte == 0x5C { break }
      index += 1
    }
    guard index > start else { return start }
    endSurrogate()
    if isKey {
      for place in start..<index where name.count < nameLimit { name.append(bytes[place]) }
    }
    stringIsEmpty = false
    offset += index - start
    return index
  }

  /// Reads one byte; returns whether it is used up.
  private mutating func step(_ byte: UInt8) -> Bool {
    switch state {
    case .string: stringByte(byte)
    case .escape: escapeByte(byte)
    case .hex: hexByte(byte)
    case .literal: literalByte(byte)
    case .minus, .zero, .integer, .point, .fraction, .exponent, .exponentSign, .exponentDigits:
      return numberByte(byte)
    default: structureByte(byte)
    }
    return true
  }
}

// MARK: - Structure

extension JSONScanner {
  private mutating func structureByte(_ byte: UInt8) {
    if byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
      if state == .mark1 || state == .mark2 { fail("a broken byte order mark") }
      return
    }
    switch state {
    case .start where byte == 0x1E && offset == 0:
      state = .value
    case .start where byte == 0xEF && offset == 0:
      state = .mark1
    case .mark1 where byte == 0xBB:
      state = .mark2
    case .mark2 where byte == 0xBF:
      state = .value
    case .mark1, .mark2:
      fail("no JSON value where one was expected")
    case .start, .value:
      beginValue(byte)
    case .valueOrEnd where byte == 0x5D, .commaOrEnd where byte == 0x5D && containers.last == false,
      .keyOrEnd where byte == 0x7D, .commaOrEnd where byte == 0x7D && containers.last == true:
      containers.removeLast()
      endValue(at: offset + 1)
    case .valueOrEnd:
      beginValue(byte)
    case .keyOrEnd, .key:
      guard byte == 0x22 else {
        return fail("\(Self.name(of: byte)) where the name of a member was expected")
      }
      beginString(isKey: true)
    case .colon:
      guard byte == 0x3A else { return fail("\(Self.name(of: byte)) where ':' was expected") }
      state = .value
    case .commaOrEnd:
      let isObject = containers.last == true
      guard byte == 0x2C else {
        let end = isObject ? "'}'" : "']'"
        return fail("\(Self.name(of: byte)) where ',' or \(end) was expected")
      }
      state = isObject ? .key : .value
    default:
      fail("\(Self.name(of: byte)) after the end of the JSON value")
    }
  }

  private mutating func beginValue(_ byte: UInt8) {
    switch byte {
    case 0x22:
      noteValue(.string)
      beginString(isKey: false)
    case 0x7B:
      noteValue(.object)
      open(isObject: true)
    case 0x5B:
      noteValue(.list)
      open(isObject: false)
    case 0x74: beginLiteral("true", .true)
    case 0x66: beginLiteral("false", .falsy)
    case 0x6E: beginLiteral("null", .falsy)
    case 0x4E: beginLiteral("NaN", .number)
    case 0x49: beginLiteral("Infinity", .number)
    case 0x2D:
      noteValue(.number)
      state = .minus
    case 0x30...0x39:
      noteValue(.number)
      numberIsZero = byte == 0x30
      state = byte == 0x30 ? .zero : .integer
    default:
      fail("\(Self.name(of: byte)) where a JSON value was expected")
    }
  }

  private mutating func open(isObject: Bool) {
    guard containers.count < Self.depthLimit else {
      return fail("more than \(Self.depthLimit) lists and objects inside one another")
    }
    containers.append(isObject)
    state = isObject ? .keyOrEnd : .valueOrEnd
  }

  private mutating func beginLiteral(_ text: StaticString, _ kind: FoundValue.Kind) {
    noteValue(kind)
    literal = text
    literalIndex = 1
    state = .literal
  }

  private mutating func literalByte(_ byte: UInt8) {
    let expected = unsafe literal.utf8Start[literalIndex]
    guard byte == expected else {
      return fail("\(Self.name(of: byte)) inside '\(literal)'")
    }
    literalIndex += 1
    if literalIndex == literal.utf8CodeUnitCount { endValue(at: offset + 1) }
  }

  /// A byte as a message shows it.
  static func name(of byte: UInt8) -> String {
    if byte > 0x20 && byte < 0x7F { return "'\(Character(Unicode.Scalar(byte)))'" }
    let digits = String(byte, radix: 16, uppercase: true)
    return "byte 0x" + (digits.count < 2 ? "0" : "") + digits
  }
}

// MARK: - Numbers

extension JSONScanner {
  private mutating func numberByte(_ byte: UInt8) -> Bool {
    let isDigit = byte >= 0x30 && byte <= 0x39
    switch state {
    case .minus where byte == 0x49:
      literal = "Infinity"
      literalIndex = 1
      state = .literal
      numberIsZero = false
    case .minus where isDigit:
      numberIsZero = byte == 0x30
      state = byte == 0x30 ? .zero : .integer
    case .integer where isDigit:
      break
    case .zero where byte == 0x2E, .integer where byte == 0x2E:
      state = .point
    case .point where isDigit, .fraction where isDigit:
      if byte != 0x30 { numberIsZero = false }
      state = .fraction
    case .zero where byte | 0x20 == 0x65, .integer where byte | 0x20 == 0x65,
      .fraction where byte | 0x20 == 0x65:
      state = .exponent
    case .exponent where byte == 0x2B || byte == 0x2D:
      state = .exponentSign
    case .exponent where isDigit, .exponentSign where isDigit, .exponentDigits where isDigit:
      state = .exponentDigits
    case .zero where isDigit:
      fail("a number that begins with 0")
    case .zero, .integer, .fraction, .exponentDigits:
      endNumber()
      return false
    default:
      fail("\(Self.name(of: byte)) where a digit was expected")
    }
    return true
  }

  /// Ends a number that may end here.
  private mutating func endNumber() {
    switch state {
    case .zero, .integer, .fraction, .exponentDigits:
      if numberIsZero { becomeFalsy() }
      endValue(at: offset)
    default:
      break
    }
  }
}
