/// The patterns by which PyYAML's resolver tells plain scalars apart.
enum YAMLPatterns {
  /// Reads the bytes of a text from the left.
  struct Scan {
    private let bytes: [UInt8]
    private var place = 0

    init(_ text: some StringProtocol) { bytes = Array(text.utf8) }

    var isAtEnd: Bool { place == bytes.count }
    var next: UInt8? { place < bytes.count ? bytes[place] : nil }

    /// Passes a byte if it is there.
    mutating func take(_ byte: UInt8) -> Bool {
      guard next == byte else { return false }
      place += 1
      return true
    }

    /// Passes a text if it is there.
    mutating func take(_ text: StaticString) -> Bool {
      let wanted = Array("\(text)".utf8)
      guard bytes[place...].starts(with: wanted) else { return false }
      place += wanted.count
      return true
    }

    /// Passes `+` or `-` if one is there.
    mutating func sign() -> Bool { take(UInt8(ascii: "-")) || take(UInt8(ascii: "+")) }

    /// Passes as many bytes as belong to a class, at most `limit`; returns their number.
    mutating func run(limit: Int = .max, _ belongs: (UInt8) -> Bool) -> Int {
      let start = place
      while place < bytes.count, place - start < limit, belongs(bytes[place]) { place += 1 }
      return place - start
    }

    mutating func digits(limit: Int = .max) -> Int { run(limit: limit, isDigit) }
  }

  /// Whether a plain scalar is a number with a point: the point is needed, and so is the sign of an
  /// exponent.
  static func isFloat(_ text: String) -> Bool {
    var scan = Scan(text)
    let isSigned = scan.sign()
    if scan.take(UInt8(ascii: ".")) {
      if scan.take("inf") || scan.take("Inf") || scan.take("INF") { return scan.isAtEnd }
      guard !isSigned else { return false }
      if scan.take("nan") || scan.take("NaN") || scan.take("NAN") { return scan.isAtEnd }
      guard let first = scan.next, isDigit(first) else { return false }
      _ = scan.run(isDigitOrLowLine)
      return endsWithExponent(&scan)
    }
    guard let first = scan.next, isDigit(first) else { return false }
    _ = scan.run(isDigitOrLowLine)
    let isSexagesimal = scan.next == UInt8(ascii: ":")
    guard !isSexagesimal || sixties(&scan) else { return false }
    guard scan.take(UInt8(ascii: ".")) else { return false }
    _ = scan.run(isDigitOrLowLine)
    return isSexagesimal ? scan.isAtEnd : endsWithExponent(&scan)
  }

  /// Whether a plain scalar is a whole number: decimal, octal, binary, hexadecimal or base 60.
  static func isInteger(_ text: String) -> Bool {
    var scan = Scan(text)
    _ = scan.sign()
    if scan.take("0b") {
      return scan.run { (0x30...0x31).contains($0) || isLowLine($0) } > 0 && scan.isAtEnd
    }
    if scan.take("0x") {
      let count = scan.run {
        isDigit($0) || (0x41...0x46).contains($0) || (0x61...0x66).contains($0) || isLowLine($0)
      }
      return count > 0 && scan.isAtEnd
    }
    if scan.take(UInt8(ascii: "0")) {
      _ = scan.run { (0x30...0x37).contains($0) || isLowLine($0) }
      return scan.isAtEnd
    }
    guard let first = scan.next, isDigit(first) else { return false }
    _ = scan.run(isDigitOrLowLine)
    return scan.isAtEnd || sixties(&scan) && scan.isAtEnd
  }

  /// Whether a plain scalar is a date, or a date with a time.
  static func isTimestamp(_ text: String) -> Bool {
    var scan = Scan(text)
    guard scan.digits(limit: 4) == 4, scan.take(UInt8(ascii: "-")) else { return false }
    let month = scan.digits(limit: 2)
    guard month > 0, scan.take(UInt8(ascii: "-")) else { return false }
    let day = scan.digits(limit: 2)
    if scan.isAtEnd { return month == 2 && day == 2 }
    guard day > 0 else { return false }
    if !scan.take(UInt8(ascii: "T")), !scan.take(UInt8(ascii: "t")) {
      guard scan.run(isBlank) > 0 else { return false }
    }
    guard scan.digits(limit: 2) > 0, scan.take(UInt8(ascii: ":")), scan.digits(limit: 2) == 2,
      scan.take(UInt8(ascii: ":")), scan.digits(limit: 2) == 2
    else { return false }
    if scan.take(UInt8(ascii: ".")) { _ = scan.digits() }
    if scan.isAtEnd { return true }
    _ = scan.run(isBlank)
    if scan.take(UInt8(ascii: "Z")) { return scan.isAtEnd }
    guard scan.sign(), scan.digits(limit: 2) > 0 else { return false }
    if scan.take(UInt8(ascii: ":")) { return scan.digits(limit: 2) == 2 && scan.isAtEnd }
    return scan.isAtEnd
  }

  /// Passes `:59` one or more times.
  private static func sixties(_ scan: inout Scan) -> Bool {
    var count = 0
    while scan.take(UInt8(ascii: ":")) {
      guard let first = scan.next, isDigit(first) else { return false }
      let digits = scan.digits(limit: 2)
      guard digits == 1 || first <= UInt8(ascii: "5") else { return false }
      count += 1
    }
    return count > 0
  }

  private static func endsWithExponent(_ scan: inout Scan) -> Bool {
    if scan.isAtEnd { return true }
    guard scan.take(UInt8(ascii: "e")) || scan.take(UInt8(ascii: "E")), scan.sign() else {
      return false
    }
    return scan.digits() > 0 && scan.isAtEnd
  }
}

private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
private func isLowLine(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "_") }
private func isDigitOrLowLine(_ byte: UInt8) -> Bool { isDigit(byte) || isLowLine(byte) }
private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
