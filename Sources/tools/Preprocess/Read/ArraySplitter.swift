/// Finds the elements of a JSON array in pieces of any size, without judging what is inside them.
struct ArraySplitter: Sendable {
  /// What was found next.
  enum Event: Equatable {
    /// An element begins at an index.
    case begin(Int)
    /// The element that began ends before an index.
    case end(Int)
    /// There is no more in these bytes.
    case none
    /// The bytes from an index on can belong to no array.
    case broken(Int, String)
  }

  private enum State {
    case start, mark, firstElement, element, comma, string, escape, nested, scalar, done
  }

  private var state: State
  private var markBytes = 0
  private var depth = 0

  /// Where in the array a splitter starts.
  enum Place {
    case start, element, afterElement
  }

  /// Starts before the array, at an element, or after one.
  init(at place: Place) {
    switch place {
    case .start: state = .start
    case .element: state = .element
    case .afterElement: state = .comma
    }
  }

  /// Whether an element has begun and not ended.
  var isInside: Bool {
    switch state {
    case .string, .escape, .nested, .scalar: true
    default: false
    }
  }

  /// Whether the array has ended.
  var isDone: Bool { state == .done }

  /// Reads from `index` on, up to the next event.
  mutating func next(_ bytes: Span<UInt8>, _ index: inout Int) -> Event {
    while index < bytes.count {
      let byte = bytes[index]
      switch state {
      case .string:
        index = Self.endOfPlainText(bytes, from: index)
        guard index < bytes.count else { return .none }
        if bytes[index] == 0x5C {
          state = .escape
        } else if depth > 0 {
          state = .nested
        } else {
          return end(after: &index)
        }
      case .escape:
        state = .string
      case .nested:
        if byte == 0x22 {
          state = .string
        } else if byte == 0x5B || byte == 0x7B {
          depth += 1
        } else if byte == 0x5D || byte == 0x7D {
          depth -= 1
          if depth == 0 { return end(after: &index) }
        }
      case .scalar:
        if byte <= 0x20 || byte == 0x2C || byte == 0x5D {
          state = .comma
          return .end(index)
        }
      default:
        if let event = between(byte, &index) { return event }
        continue
      }
      index += 1
    }
    return .none
  }

  private mutating func end(after index: inout Int) -> Event {
    index += 1
    state = .comma
    return .end(index)
  }

  /// Reads a byte between elements and passes over it.
  private mutating func between(_ byte: UInt8, _ index: inout Int) -> Event? {
    let place = index
    index += 1
    if byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { return nil }
    switch state {
    case .start where byte == 0x5B:
      state = .firstElement
    case .start where byte == 0xEF, .mark where byte == 0xBB || byte == 0xBF:
      markBytes += 1
      state = markBytes == 3 ? .start : .mark
    case .firstElement where byte == 0x5D, .comma where byte == 0x5D:
      state = .done
    case .comma where byte == 0x2C:
      state = .element
    case .firstElement where byte != 0x2C && byte != 0x7D,
      .element where byte != 0x2C && byte != 0x5D && byte != 0x7D:
      begin(byte)
      return .begin(place)
    default:
      let found = JSONScanner.name(of: byte)
      let expected =
        switch state {
        case .start, .mark: "where '[' was expected"
        case .comma: "where ',' or ']' was expected"
        case .done:
          "after the end of the array (when every line is a document, say --input-format jsonl)"
        default: "where an element of the array was expected"
        }
      return .broken(place, "\(found) \(expected)")
    }
    return nil
  }

  private mutating func begin(_ byte: UInt8) {
    depth = byte == 0x5B || byte == 0x7B ? 1 : 0
    state = depth == 1 ? .nested : byte == 0x22 ? .string : .scalar
  }

  private static func endOfPlainText(_ bytes: Span<UInt8>, from start: Int) -> Int {
    var index = start
    while index < bytes.count && bytes[index] != 0x22 && bytes[index] != 0x5C { index += 1 }
    return index
  }
}
