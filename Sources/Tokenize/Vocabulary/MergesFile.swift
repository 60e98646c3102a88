internal import Glibc

extension BytePairVocabulary {
  /// Reads `merges.txt`: two spellings a line with a space between, best merge first.
  ///
  /// Lines that begin with `#version` are passed over, and empty lines at the end; lines may end in
  /// CR LF. A merge may be listed twice: the later place is its rank, as in the dict that GPT-2's own
  /// code makes of the lines.
  mutating func readMerges(_ bytes: [UInt8], file: String) throws(TokenizeError) {
    let span = unsafe bytes.span.bytes
    var end = bytes.count
    while end > 0, bytes[end - 1] == UInt8(ascii: "\n") || bytes[end - 1] == UInt8(ascii: "\r") {
      end -= 1
    }
    let file = MergeFile(path: file) { "line \($0)" }
    var start = 0
    var number = 1
    do throws(TokenizeError) {
      while start < end {
        let lineFeed = span.firstPlace(of: UInt8(ascii: "\n"), in: start..<end) ?? end
        let hasReturn = lineFeed > start && bytes[lineFeed - 1] == UInt8(ascii: "\r")
        let line = span.extracting(start..<(hasReturn ? lineFeed - 1 : lineFeed))
        try addMerge(line: line, in: file, number: number)
        start = lineFeed + 1
        number += 1
      }
      try settleMerges(file)
    } catch {
      throw end == bytes.count ? Self.blamingCut(error, bytes, file) : error
    }
  }

  /// What is wrong with a file whose last line has no end: where it is that line, the file may have lost
  /// the rest.
  private static func blamingCut(
    _ error: TokenizeError, _ bytes: [UInt8], _ file: MergeFile
  ) -> TokenizeError {
    let last = file.place(bytes.count { $0 == UInt8(ascii: "\n") } + 1)
    guard case .malformed(let path, last, let reason) = error else { return error }
    return .malformed(
      path: path, place: last,
      reason:
        "\(reason); the line is the last and has no line end, so that the file seems to be cut "
        + "short: fetch it again")
  }

  /// Adds a merge written as two spellings with a space between; passes over a line that begins with
  /// `#version`.
  mutating func addMerge(
    line: RawSpan, in file: MergeFile, number: Int
  ) throws(TokenizeError) {
    let blank = UInt8(ascii: " ")
    let count = line.byteCount
    if count > 0, line.byte(0) == UInt8(ascii: "#"), line.array.starts(with: "#version".utf8) {
      return
    }
    guard let space = line.firstPlace(of: blank, in: 0..<count), space > 0, space + 1 < count,
      line.firstPlace(of: blank, in: space + 1..<count) == nil
    else {
      // A merge before this one may be wrong, too.
      try settleMerges(file)
      throw .malformed(
        path: file.path, place: file.place(number),
        reason: "two tokens with a space between were expected, not \(quoted(line.array))")
    }
    try addMerge(line, space: space, in: file, number: number)
  }
}

extension RawSpan {
  /// The first place of a byte in a range; `nil` where it is not there.
  fileprivate func firstPlace(of byte: UInt8, in range: Range<Int>) -> Int? {
    unsafe withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress,
        let found = unsafe memchr(start + range.lowerBound, Int32(byte), range.count)
      else { return nil }
      return unsafe UnsafeRawPointer(found) - start
    }
  }
}
