extension BytePairVocabulary {
  /// Reads `merges.txt`: two spellings a line with a space between, best merge first.
  ///
  /// Lines that begin with `#version` are passed over, and empty lines at the end; lines may end in
  /// CR LF.
  mutating func readMergesFile(_ file: String) throws(TokenizeError) {
    let bytes = try readWholeFile(file)
    var end = bytes.count
    while end > 0, bytes[end - 1] == UInt8(ascii: "\n") || bytes[end - 1] == UInt8(ascii: "\r") {
      end -= 1
    }
    var start = 0
    var number = 1
    while start < end {
      let lineFeed = bytes[start..<end].firstIndex(of: UInt8(ascii: "\n")) ?? end
      var line = bytes[start..<lineFeed]
      if line.last == UInt8(ascii: "\r") { line.removeLast() }
      if !line.starts(with: "#version".utf8) {
        try addMerge(line: line, file: file, place: "line \(number)")
      }
      start = lineFeed + 1
      number += 1
    }
  }

  /// Adds a merge written as two spellings with a space between.
  mutating func addMerge(
    line: ArraySlice<UInt8>, file: String, place: @autoclosure () -> String
  ) throws(TokenizeError) {
    guard let space = line.firstIndex(of: UInt8(ascii: " ")), space > line.startIndex,
      space + 1 < line.endIndex, !line[(space + 1)...].contains(UInt8(ascii: " "))
    else {
      throw .malformed(
        path: file, place: place(),
        reason: "two tokens with a space between were expected, not \(quoted(Array(line)))")
    }
    try addMerge(line[..<space], line[(space + 1)...], file: file, place: place())
  }
}
