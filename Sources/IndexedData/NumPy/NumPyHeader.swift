internal import Machine

/// What stands before the numbers of an `.npy` file.
///
/// ```
///  0  93 "NUMPY"
///  6  u8 major version, u8 minor version
///  8  u16 (version 1) or u32 (2, 3) length of the text
///     {'descr': '<i4', 'fortran_order': False, 'shape': (10, 2), }   padded with spaces, newline
///     numbers, the last axis varying fastest
/// ```
package struct NumPyHeader: Equatable, Sendable {
  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// The longest text that is looked at.
  static let textLimit = 1 << 16

  /// What the numbers are.
  package let type: NumPyType
  /// The length of each axis; none for a single number.
  package let shape: [Int]

  /// Describes an array.
  package init(type: NumPyType, shape: [Int]) {
    self.type = type
    self.shape = shape
  }

  /// The header's bytes as NumPy writes them: version 1, a multiple of 64.
  package var bytes: [UInt8] {
    let axes = shape.map(String.init)
    let tuple = axes.count == 1 ? "(\(axes[0]),)" : "(\(axes.joined(separator: ", ")))"
    var text = Array(
      "{'descr': '\(type.rawValue)', 'fortran_order': False, 'shape': \(tuple), }".utf8)
    // NumPy leaves room for the first axis to grow to 21 digits.
    let growth = axes.first.map { max(0, 21 - $0.utf8.count) } ?? 0
    text += Array(repeating: UInt8(ascii: " "), count: growth)
    let whole = (10 + text.count + 1 + 63) / 64 * 64
    text += Array(repeating: UInt8(ascii: " "), count: whole - 10 - text.count - 1) + [0x0A]
    return Self.magic + [1, 0]
      + [UInt8(truncatingIfNeeded: text.count), UInt8(truncatingIfNeeded: text.count >> 8)] + text
  }

  /// Reads a header; also says where the numbers begin.
  static func read(
    _ file: RawSpan, path: String
  ) throws(IndexedDataError) -> (header: NumPyHeader, offset: Int) {
    func fail(_ byte: Int, _ what: String, _ expected: String, _ found: String)
      -> IndexedDataError
    {
      .malformed(path: path, byte: byte, what: what, expected: expected, found: found)
    }
    guard file.byteCount >= 10, file.starts(with: magic) else {
      throw fail(0, "first bytes", "those of a NumPy array, 93 'NUMPY'", "others")
    }
    let version = file.loadNumber(at: 6, UInt8.self)
    guard (1...3).contains(version) else {
      throw fail(6, "version", "1, 2 or 3", "\(version)")
    }
    let start = version == 1 ? 10 : 12
    guard file.byteCount >= start else {
      throw fail(file.byteCount, "file length", "at least \(start)", "\(file.byteCount)")
    }
    let length =
      version == 1
      ? Int(file.loadNumber(at: 8, UInt16.self)) : Int(file.loadNumber(at: 8, UInt32.self))
    guard length <= textLimit, length <= file.byteCount - start else {
      throw fail(
        8, "length of the header", "at most \(min(textLimit, file.byteCount - start))", "\(length)")
    }
    let text = (start..<(start + length)).map { file.loadNumber(at: $0, UInt8.self) }
    var reader = NumPyHeaderReader(text)
    guard let fields = reader.fields() else {
      throw fail(
        start + reader.place, "header", "descr, fortran_order and shape of an array",
        "'\(String(decoding: text.prefix(120), as: UTF8.self))'")
    }
    guard let type = NumPyType(description: fields.description) else {
      throw fail(
        start, "type of the numbers",
        NumPyType.allCases.map(\.rawValue).joined(separator: " "), "'\(fields.description)'")
    }
    guard !fields.isFortranOrder || fields.shape.count < 2 else {
      throw fail(start, "order", "rows one after another (C order)", "columns (Fortran order)")
    }
    return (NumPyHeader(type: type, shape: fields.shape), start + length)
  }
}

/// Reads the Python dictionary of a header.
struct NumPyHeaderReader {
  /// What the dictionary says.
  struct Fields {
    var description: String
    var isFortranOrder: Bool
    var shape: [Int]
  }

  private let text: [UInt8]
  /// How far it has read.
  private(set) var place = 0

  init(_ text: [UInt8]) {
    self.text = text
  }

  /// The three fields; `nil` when there is anything else.
  mutating func fields() -> Fields? {
    var description: String?
    var isFortranOrder: Bool?
    var shape: [Int]?
    guard take("{") else { return nil }
    while !take("}") {
      guard let key = string(), take(":") else { return nil }
      switch key {
      case "descr": description = string()
      case "fortran_order": isFortranOrder = take("True") ? true : take("False") ? false : nil
      case "shape": shape = tuple()
      default: return nil
      }
      guard take(",") || peek("}") else { return nil }
    }
    skipSpace()
    guard place == text.count, let description, let isFortranOrder, let shape else { return nil }
    return Fields(description: description, isFortranOrder: isFortranOrder, shape: shape)
  }

  private mutating func skipSpace() {
    while place < text.count, text[place] == 0x20 || text[place] == 0x0A { place += 1 }
  }

  private mutating func peek(_ word: StaticString) -> Bool {
    let before = place
    defer { place = before }
    return take(word)
  }

  private mutating func take(_ word: StaticString) -> Bool {
    skipSpace()
    let bytes = Array(word.description.utf8)
    guard text[place...].starts(with: bytes) else { return false }
    place += bytes.count
    return true
  }

  private mutating func string() -> String? {
    skipSpace()
    guard place < text.count, [0x27, 0x22].contains(text[place]) else { return nil }
    guard let end = text[(place + 1)...].firstIndex(of: text[place]) else { return nil }
    defer { place = end + 1 }
    return String(decoding: text[(place + 1)..<end], as: UTF8.self)
  }

  private mutating func tuple() -> [Int]? {
    guard take("(") else { return nil }
    var numbers: [Int] = []
    while !take(")") {
      skipSpace()
      let digits = text[place...].prefix { (0x30...0x39).contains($0) }
      guard let number = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
      place = digits.endIndex
      numbers.append(number)
      guard take(",") || peek(")") else { return nil }
    }
    return numbers
  }
}
