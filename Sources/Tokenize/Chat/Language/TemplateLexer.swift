/// What a template is made of.
struct TemplateToken {
  /// The kinds of token.
  enum Kind: Equatable {
    /// Text between tags.
    case text
    case beginOutput
    case endOutput
    case beginBlock
    case endBlock
    case name
    case string
    case integer
    case number
    case sign
    case end
  }
  var kind: Kind
  /// The text; of a string, what it stands for.
  var bytes: [UInt8]
  var line: Int

  var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// Cuts a template into tokens, as Jinja does with `trim_blocks` and `lstrip_blocks`.
struct TemplateLexer {
  private let source: [UInt8]
  private let name: String
  private var place = 0
  private var line = 1
  private var tokens: [TemplateToken] = []

  /// Takes a template's text.
  init(_ source: String, name: String) {
    self.name = name
    var bytes: [UInt8] = []
    // Jinja makes every line end a line feed and drops the last one.
    var wasReturn = false
    for byte in source.utf8 {
      if byte == 0x0A, wasReturn {
        wasReturn = false
        continue
      }
      wasReturn = byte == 0x0D
      bytes.append(wasReturn ? 0x0A : byte)
    }
    if bytes.last == 0x0A { bytes.removeLast() }
    self.source = bytes
  }

  /// All tokens, with an end behind them.
  consuming func tokenize() throws(TokenizeError) -> [TemplateToken] {
    while place < source.count { try readText() }
    tokens.append(TemplateToken(kind: .end, bytes: [], line: line))
    return tokens
  }

  private func failure(_ reason: String) -> TokenizeError {
    .template(name: name, line: line, reason: reason)
  }

  private func starts(_ text: StaticString, at offset: Int) -> Bool {
    let wanted = text.description.utf8
    return offset + wanted.count <= source.count
      && source[offset..<offset + wanted.count].elementsEqual(wanted)
  }

  private func byte(_ offset: Int) -> UInt8 { offset < source.count ? source[offset] : 0 }

  private mutating func advance(to end: Int) {
    while place < end {
      if source[place] == 0x0A { line += 1 }
      place += 1
    }
  }

  // MARK: - Between tags

  /// Reads text up to a tag, and the tag.
  private mutating func readText() throws(TokenizeError) {
    let start = place
    var tag = place
    while tag < source.count {
      if source[tag] == 0x7B, [0x7B, 0x25, 0x23].contains(byte(tag + 1)) { break }
      tag += 1
    }
    let kind = byte(tag + 1)
    let control = tag < source.count ? byte(tag + 2) : 0
    var end = tag
    if control == UInt8(ascii: "-") {
      while end > start, Self.isSpace(source[end - 1]) { end -= 1 }
    } else if tag < source.count, kind != 0x7B, control != UInt8(ascii: "+") {
      var lineStart = end
      while lineStart > start, source[lineStart - 1] != 0x0A, Self.isSpace(source[lineStart - 1]) {
        lineStart -= 1
      }
      if lineStart == 0 || source[lineStart - 1] == 0x0A { end = lineStart }
    }
    if end > start {
      tokens.append(
        TemplateToken(kind: .text, bytes: Array(source[start..<end]), line: line))
    }
    advance(to: tag)
    guard tag < source.count else { return }
    let hasControl = control == UInt8(ascii: "-") || control == UInt8(ascii: "+")
    advance(to: min(tag + (hasControl ? 3 : 2), source.count))
    switch kind {
    case 0x23: try skipComment()
    case 0x25: try readBlock()
    default:
      tokens.append(TemplateToken(kind: .beginOutput, bytes: [], line: line))
      try readTag(isBlock: false)
    }
  }

  private mutating func skipComment() throws(TokenizeError) {
    var end = place
    while end < source.count, !starts("#}", at: end) { end += 1 }
    guard end < source.count else { throw failure("a comment {# has no end #}") }
    let control = end > place ? source[end - 1] : 0
    advance(to: end + 2)
    passSpace(after: control, trimsLine: true)
  }

  /// Passes the white space that a tag's end takes along.
  private mutating func passSpace(after control: UInt8, trimsLine: Bool) {
    if control == UInt8(ascii: "-") {
      var end = place
      while end < source.count, Self.isSpace(source[end]) { end += 1 }
      advance(to: end)
    } else if trimsLine, control != UInt8(ascii: "+"), byte(place) == 0x0A {
      advance(to: place + 1)
    }
  }

  private mutating func readBlock() throws(TokenizeError) {
    if let body = rawStart(place, "raw") {
      var end = body.end
      while end < source.count {
        if starts("{%", at: end) {
          var inner = end + 2
          let control = byte(inner)
          if control == UInt8(ascii: "-") || control == UInt8(ascii: "+") { inner += 1 }
          if let close = rawStart(inner, "endraw") {
            advance(to: body.end)
            // Jinja keeps the line end here.
            passSpace(after: body.control, trimsLine: false)
            var stop = max(end, place)
            if control == UInt8(ascii: "-") {
              while stop > place, Self.isSpace(source[stop - 1]) { stop -= 1 }
            } else if control != UInt8(ascii: "+") {
              var lineStart = stop
              while lineStart > place, source[lineStart - 1] != 0x0A,
                Self.isSpace(source[lineStart - 1])
              {
                lineStart -= 1
              }
              if lineStart > 0, source[lineStart - 1] == 0x0A { stop = lineStart }
            }
            tokens.append(
              TemplateToken(kind: .text, bytes: Array(source[place..<stop]), line: line))
            advance(to: close.end)
            passSpace(after: close.control, trimsLine: true)
            return
          }
        }
        end += 1
      }
      throw failure("{% raw %} has no {% endraw %}")
    }
    tokens.append(TemplateToken(kind: .beginBlock, bytes: [], line: line))
    try readTag(isBlock: true)
  }

  /// Where the tag of `raw` or `endraw` whose inside starts at `offset` ends; `nil` for other tags.
  private func rawStart(_ offset: Int, _ word: String) -> (end: Int, control: UInt8)? {
    var offset = offset
    while Self.isSpace(byte(offset)) { offset += 1 }
    guard offset + word.utf8.count <= source.count,
      source[offset..<offset + word.utf8.count].elementsEqual(word.utf8)
    else { return nil }
    offset += word.utf8.count
    while Self.isSpace(byte(offset)) { offset += 1 }
    var control: UInt8 = 0
    if byte(offset) == UInt8(ascii: "-") || byte(offset) == UInt8(ascii: "+") {
      control = byte(offset)
      offset += 1
    }
    return starts("%}", at: offset) ? (offset + 2, control) : nil
  }

  // MARK: - Inside tags

  private mutating func readTag(isBlock: Bool) throws(TokenizeError) {
    let opened = line
    var brackets: [UInt8] = []
    while true {
      while Self.isSpace(byte(place)), place < source.count { advance(to: place + 1) }
      guard place < source.count else {
        line = opened
        throw failure("a tag \(isBlock ? "{%" : "{{") has no end")
      }
      let control = source[place]
      let closes = control == UInt8(ascii: "-") || control == UInt8(ascii: "+")
      let end = closes ? place + 1 : place
      if brackets.isEmpty, isBlock ? starts("%}", at: end) : starts("}}", at: end) {
        tokens.append(
          TemplateToken(kind: isBlock ? .endBlock : .endOutput, bytes: [], line: line))
        advance(to: end + 2)
        passSpace(after: closes ? control : 0, trimsLine: isBlock)
        return
      }
      try readToken(&brackets)
    }
  }

  private mutating func readToken(_ brackets: inout [UInt8]) throws(TokenizeError) {
    let first = source[place]
    if first == UInt8(ascii: "'") || first == UInt8(ascii: "\"") { return try readString(first) }
    if Self.isDigit(first) { return try readNumber() }
    if Self.isLetter(first) {
      var end = place
      while Self.isLetter(byte(end)) || Self.isDigit(byte(end)) { end += 1 }
      append(.name, to: end)
      return
    }
    let pair = Array(source[place..<min(place + 2, source.count)])
    if ["==", "!=", "<=", ">=", "//", "**"].contains(String(decoding: pair, as: UTF8.self)) {
      append(.sign, to: place + 2)
      return
    }
    guard Array("+-*/%~|.,:()[]{}<>=".utf8).contains(first) else {
      let scalar = Unicode.Scalar(first)
      throw failure("unexpected character \(scalar.escaped(asASCII: true)) in a tag")
    }
    switch first {
    case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): brackets.append(first)
    case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
      let open: UInt8 =
        first == UInt8(ascii: ")") ? 0x28 : first == UInt8(ascii: "]") ? 0x5B : 0x7B
      guard brackets.popLast() == open else {
        throw failure("\(Unicode.Scalar(first)) closes nothing")
      }
    default: break
    }
    append(.sign, to: place + 1)
  }

  private mutating func append(_ kind: TemplateToken.Kind, to end: Int) {
    tokens.append(TemplateToken(kind: kind, bytes: Array(source[place..<end]), line: line))
    advance(to: end)
  }

  private mutating func readNumber() throws(TokenizeError) {
    var end = place
    var isFraction = false
    while Self.isDigit(byte(end)) || byte(end) == UInt8(ascii: "_") { end += 1 }
    if byte(end) == UInt8(ascii: "."), Self.isDigit(byte(end + 1)) {
      isFraction = true
      end += 1
      while Self.isDigit(byte(end)) || byte(end) == UInt8(ascii: "_") { end += 1 }
    }
    if byte(end) | 0x20 == UInt8(ascii: "e") {
      var digits = end + 1
      if byte(digits) == UInt8(ascii: "-") || byte(digits) == UInt8(ascii: "+") { digits += 1 }
      if Self.isDigit(byte(digits)) {
        isFraction = true
        end = digits
        while Self.isDigit(byte(end)) { end += 1 }
      }
    }
    if Self.isLetter(byte(end)) { throw failure("a number with a letter behind it") }
    append(isFraction ? .number : .integer, to: end)
  }

  private mutating func readString(_ quote: UInt8) throws(TokenizeError) {
    let opened = line
    var text: [UInt8] = []
    var offset = place + 1
    while byte(offset) != quote || offset >= source.count {
      guard offset < source.count else { throw failure("a string has no end") }
      if source[offset] == UInt8(ascii: "\\") {
        try readEscape(&offset, &text)
      } else {
        text.append(source[offset])
        offset += 1
      }
    }
    advance(to: offset + 1)
    tokens.append(TemplateToken(kind: .string, bytes: text, line: opened))
  }

  private func readEscape(_ offset: inout Int, _ text: inout [UInt8]) throws(TokenizeError) {
    let letter = byte(offset + 1)
    offset += 2
    let simple: [UInt8: UInt8] = [
      0x6E: 0x0A, 0x74: 0x09, 0x72: 0x0D, 0x5C: 0x5C, 0x27: 0x27, 0x22: 0x22, 0x61: 7, 0x62: 8,
      0x66: 0x0C, 0x76: 0x0B,
    ]
    if let byte = simple[letter] {
      text.append(byte)
      return
    }
    let digits: Int
    switch letter {
    case UInt8(ascii: "x"): digits = 2
    case UInt8(ascii: "u"): digits = 4
    case UInt8(ascii: "U"): digits = 8
    case 0x0A: return
    case UInt8(ascii: "0")...UInt8(ascii: "7"), UInt8(ascii: "N"):
      throw failure("the escape \\\(Unicode.Scalar(letter)) in a string is not supported")
    default:
      text.append(UInt8(ascii: "\\"))
      offset -= 1
      return
    }
    let end = min(offset + digits, source.count)
    guard end - offset == digits,
      let value = UInt32(String(decoding: source[offset..<end], as: UTF8.self), radix: 16),
      let scalar = Unicode.Scalar(value)
    else { throw failure("a \\\(Unicode.Scalar(letter)) in a string that is no character") }
    text += Array(String(Character(scalar)).utf8)
    offset = end
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (9...13).contains(byte) }
  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
  private static func isLetter(_ byte: UInt8) -> Bool {
    (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F || byte >= 0x80
  }
}
