/// A place between two work items at which reading can continue in another process.
package struct SourcePosition: Equatable, Sendable {
  /// The input, counted from 0 in the expanded list.
  package var input = 0
  /// The stream inside the input, counted from 0: members of archives, nested ones included.
  package var stream = 0
  /// The offset in the decompressed stream.
  package var byte = 0
  /// The line at that offset, counted from 1; 0 where nobody has counted.
  package var line = 0
  /// The wanted member of a long record, inside which reading continues.
  package var key = 0
  /// Bytes of that member's text that are done.
  package var textByte = 0

  /// The start of the first input.
  package init() {}

  init(input: Int, stream: Int, byte: Int, line: Int = 0) {
    self.input = input
    self.stream = stream
    self.byte = byte
    self.line = line
  }

  /// Whether the position lies inside a long document.
  package var isInsideDocument: Bool { key > 0 || textByte > 0 }

  /// Bytes of a stored position.
  package static let storedByteCount = 48

  /// The position as six little-endian 64-bit numbers.
  package var storedBytes: [UInt8] {
    [input, stream, byte, line, key, textByte].flatMap { number in
      (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }
  }

  /// Reads a position back; `nil` unless the bytes can be one.
  package init?(storedBytes bytes: [UInt8]) {
    guard bytes.count == Self.storedByteCount else { return nil }
    let numbers = (0..<6).map { index in
      (0..<8).reduce(0) { $0 | Int(bytes[index * 8 + $1]) << ($1 * 8) }
    }
    guard numbers.allSatisfy({ $0 >= 0 }) else { return nil }
    input = numbers[0]
    stream = numbers[1]
    byte = numbers[2]
    line = numbers[3]
    key = numbers[4]
    textByte = numbers[5]
  }
}
