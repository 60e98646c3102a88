import Glibc

/// Finds a member of a record of JSON as it is stored, in as many pieces as the record comes in.
///
/// The record is one that was judged to be sound, so only its shape is looked at. Members of objects
/// inside it do not count, and the last of several of one name wins, as in Python.
final class MemberScan {
  private enum State {
    case start, member, key, colon, value
    /// Inside a string that is a value, or inside a container.
    case string, container, containerString
    case scalar, done
  }

  private let name: [UInt8]
  private let limit: Int
  private var state = State.start
  /// Whether an odd number of backslashes stands before the next byte of a string.
  private var isEscaped = false
  private var depth = 0
  private var key: [UInt8] = []
  private var isWanted = false
  private var value: [UInt8] = []
  private var isFound = false

  /// Looks for a member; of values longer than `limit` bytes as stored nothing is kept.
  init(name: String, limit: Int) {
    self.name = Array(name.utf8)
    self.limit = limit
  }

  /// Starts over with another record, and keeps the memory.
  func reset() {
    state = .start
    isEscaped = false
    isFound = false
    isWanted = false
    value.removeAll(keepingCapacity: true)
  }

  /// Reads more of the record.
  func feed(_ bytes: UnsafeRawBufferPointer) {
    var index = 0
    while index < bytes.count {
      let byte = unsafe bytes[index]
      switch state {
      case .done: return
      case .start:
        // A mark may come before the record: U+FEFF or U+001E.
        if byte == 0x7B {
          state = .member
        } else if byte > 0x20, ![0xEF, 0xBB, 0xBF].contains(byte) {
          state = .done
        }
        index += 1
      case .member:
        if byte == 0x22 {
          state = .key
          key.removeAll(keepingCapacity: true)
        } else if byte == 0x7D {
          state = .done
        }
        index += 1
      case .key:
        let end = unsafe endOfString(bytes, from: index)
        // Each byte of a name may be written as six.
        let room = 6 * name.count + 1 - key.count
        if room > 0 { unsafe key.append(contentsOf: bytes[index..<min(end, index + room)]) }
        index = end
        guard index < bytes.count else { return }
        index += 1
        isWanted = isName
        state = .colon
      case .colon:
        if byte == 0x3A { state = .value }
        index += 1
      case .value:
        guard byte > 0x20 else {
          index += 1
          continue
        }
        if isWanted {
          value.removeAll(keepingCapacity: true)
          isFound = true
        }
        switch byte {
        case 0x22: state = .string
        case 0x7B, 0x5B:
          state = .container
          depth = 1
        default: state = .scalar
        }
        unsafe keep(bytes, index..<index + 1)
        index += 1
      case .string, .containerString:
        let end = unsafe endOfString(bytes, from: index)
        unsafe keep(bytes, index..<min(end + 1, bytes.count))
        index = end
        guard index < bytes.count else { return }
        index += 1
        state = state == .string ? .member : .container
      case .container:
        let start = index
        while index < bytes.count, state == .container {
          switch unsafe bytes[index] {
          case 0x22: state = .containerString
          case 0x7B, 0x5B: depth += 1
          case 0x7D, 0x5D:
            depth -= 1
            if depth == 0 { state = .member }
          default: break
          }
          index += 1
        }
        unsafe keep(bytes, start..<index)
      case .scalar:
        let start = index
        while index < bytes.count,
          unsafe bytes[index] > 0x20 && bytes[index] != 0x2C
            && bytes[index] != 0x7D
        {
          index += 1
        }
        unsafe keep(bytes, start..<index)
        guard index < bytes.count else { return }
        state = .member
      }
    }
  }

  /// Whether a member was found whose value is too long.
  var isTooLong: Bool { isFound && value.count > limit }

  /// Appends what was found: the content of a string, or any other value as it is stored; false where
  /// there is no such member, or it is null.
  func appendValue(to bytes: inout [UInt8]) -> Bool {
    guard isFound, !isTooLong, value.count != 4 || value != Self.null else { return false }
    if value.first != 0x22 {
      bytes += value
    } else if value.contains(0x5C) {
      bytes += Self.decoded(value)
    } else {
      bytes += value[1..<value.count - 1]
    }
    return true
  }

  private static let null = Array("null".utf8)

  private static func decoded(_ string: [UInt8]) -> [UInt8] {
    var decoder = JSONTextDecoder()
    var text: [UInt8] = []
    decoder.decode(string.span, into: &text)
    return text
  }

  private var isName: Bool {
    guard key.contains(0x5C) else { return key == name }
    return Self.decoded([0x22] + key + [0x22]) == name
  }

  private func keep(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
    guard isWanted, value.count <= limit else { return }
    let end = min(range.upperBound, range.lowerBound + limit + 1 - value.count)
    unsafe value.append(contentsOf: bytes[range.lowerBound..<end])
  }

  /// The index of the quote that ends the string, or the end of the bytes.
  private func endOfString(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
    guard let base = bytes.baseAddress else { return bytes.count }
    var index = start
    while true {
      var end = bytes.count
      if let found = unsafe memchr(base + index, 0x22, bytes.count - index) {
        end = unsafe UnsafeRawPointer(found) - base
      }
      var slashes = 0
      while end - slashes > start, unsafe bytes[end - slashes - 1] == 0x5C { slashes += 1 }
      // Where all bytes of this piece are backslashes, those of the piece before count too.
      let isOdd = (slashes % 2 == 1) != (slashes == end - start && isEscaped)
      if end == bytes.count {
        isEscaped = isOdd
        return end
      }
      if !isOdd {
        isEscaped = false
        return end
      }
      index = end + 1
    }
  }
}
