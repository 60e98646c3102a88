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
  /// What had been read of the pipes among the inputs, in order, up to the input of the position.
  package var pipes: [PipeMark] = []

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

  // Little-endian 64-bit numbers: six of the position, and four for each pipe.
  private static let headWords = 6
  private static let pipeWords = 4

  /// The position as bytes.
  package var storedBytes: [UInt8] {
    var words = [input, stream, byte, line, key, textByte].map { UInt64($0) }
    for pipe in pipes {
      words += [UInt64(pipe.input), UInt64(pipe.byteCount), pipe.hash, pipe.isWhole ? 1 : 0]
    }
    return words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
  }

  /// Reads a position back; `nil` unless the bytes can be one.
  package init?(storedBytes bytes: [UInt8]) {
    guard bytes.count >= Self.headWords * 8,
      (bytes.count - Self.headWords * 8).isMultiple(of: Self.pipeWords * 8)
    else { return nil }
    let words = stride(from: 0, to: bytes.count, by: 8).map { start in
      (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[start + $1]) << UInt64($1 * 8) }
    }
    let numbers = words.prefix(Self.headWords).compactMap { Int(exactly: $0) }
    guard numbers.count == Self.headWords else { return nil }
    input = numbers[0]
    stream = numbers[1]
    byte = numbers[2]
    line = numbers[3]
    key = numbers[4]
    textByte = numbers[5]
    for start in stride(from: Self.headWords, to: words.count, by: Self.pipeWords) {
      guard let input = Int(exactly: words[start]), let count = Int(exactly: words[start + 1]),
        words[start + 3] <= 1
      else { return nil }
      pipes.append(
        PipeMark(
          input: input, byteCount: count, hash: words[start + 2], isWhole: words[start + 3] == 1))
    }
  }
}
