/// The first line of a stream that is not blank, as far as the stream's first bytes show it.
///
/// The whole line need not be there: a string that goes on beyond the bytes counts as whole, as in a
/// text the first quotation mostly ends before. Where that is wrong, the line is a faulty record,
/// which is told, while documents taken for one text would not be.
struct JSONFirstLine {
  private let line: ArraySlice<UInt8>
  /// Whether the line ends among the bytes.
  private let isWhole: Bool

  init(_ bytes: ArraySlice<UInt8>) {
    let rest = bytes.drop { $0 <= 0x20 }
    let end = rest.firstIndex(of: 0x0A)
    line = rest[..<(end ?? rest.endIndex)]
    isWhole = end != nil
  }

  /// Whether it is a string or an object, of which one is a document.
  var isDocument: Bool {
    switch line.first {
    case 0x22: isString
    case 0x7B: isObject
    default: false
    }
  }

  /// Whether it begins as JSON does, or is one of its words or a number.
  var isLikeJSON: Bool {
    guard let first = line.first else { return false }
    if first == 0x22 || first == 0x7B || first == 0x5B { return true }
    let text = String(decoding: line, as: UTF8.self).trimmedOfBlanks
    return ["null", "true", "false"].contains(text) || Double(text) != nil
  }

  private var isString: Bool {
    var place = line.startIndex + 1
    while place < line.endIndex {
      switch line[place] {
      case 0x22: return line[(place + 1)...].allSatisfy { $0 <= 0x20 }
      case 0x5C: place += 2
      default: place += 1
      }
    }
    return !isWhole
  }

  /// An object has a first member or none.
  private var isObject: Bool {
    let next = line.dropFirst().drop { $0 <= 0x20 }
    guard let first = next.first else { return false }
    if first == 0x7D { return next.dropFirst().allSatisfy { $0 <= 0x20 } }
    return first == 0x22
  }
}

extension String {
  fileprivate var trimmedOfBlanks: String {
    String(decoding: utf8.reversed().drop { $0 <= 0x20 }.reversed(), as: UTF8.self)
  }
}
