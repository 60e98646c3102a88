internal import Machine

/// Looks for the lines at the end of a file of metrics that a run which goes on will write again.
struct MetricsTail {
  /// The step after which the run goes on.
  let iteration: Int
  /// Whether the evaluations at the end of the run are to be made again, although no step is.
  let dropsLast: Bool
  /// Whether the last line that stays is that of an evaluation after the step.
  private(set) var endsWithEvaluation = false
  private var blockSize = 1 << 16

  init(iteration: Int, dropsLast: Bool) {
    self.iteration = iteration
    self.dropsLast = dropsLast
  }

  /// The byte at which these lines begin; the length of the file where there are none.
  mutating func start(in file: borrowing InputFile) throws(SystemError) -> Int {
    var bytes: [UInt8] = []
    while true {
      let begin = max(0, file.byteCount - blockSize)
      var buffer = ByteBuffer(capacity: file.byteCount - begin)
      try file.read(file.byteCount - begin, at: begin, to: &buffer)
      bytes = unsafe buffer.bytes.withUnsafeBytes { unsafe Array($0) }
      // The first line of a block is whole only where the file begins there too.
      let lines = Self.lines(bytes).dropFirst(begin == 0 ? 0 : 1)
      let kept = lines.lastIndex { !isRepeated(bytes[$0]) }
      if let kept {
        let text = String(decoding: bytes[lines[kept]], as: UTF8.self)
        endsWithEvaluation =
          text.hasPrefix("{\"iteration\":\(iteration),") && text.contains("\"split\":")
        return begin + lines[kept].upperBound
      }
      if begin == 0 { return 0 }
      blockSize *= 2
    }
  }

  /// The places of all lines, each with its line feed.
  private static func lines(_ bytes: [UInt8]) -> [Range<Int>] {
    var lines: [Range<Int>] = []
    var start = 0
    for (index, byte) in bytes.enumerated() where byte == 0x0A {
      lines.append(start..<index + 1)
      start = index + 1
    }
    if start < bytes.count { lines.append(start..<bytes.count) }
    return lines
  }

  private func isRepeated(_ line: ArraySlice<UInt8>) -> Bool {
    let text = String(decoding: line, as: UTF8.self)
    let start = "{\"iteration\":"
    // Of a line that a kill cut off within its number, nothing is worth keeping.
    guard text.hasPrefix(start) else { return start.hasPrefix(text) }
    let rest = text.dropFirst(start.count)
    guard let end = rest.firstIndex(of: ",") else { return rest.allSatisfy(\.isNumber) }
    guard let found = Int(rest[..<end]) else { return false }
    return found > iteration
      || dropsLast && found == iteration && rest.contains("\"final\":true")
  }
}
