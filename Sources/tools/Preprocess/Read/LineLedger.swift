/// Knows the number of the first line of each work item: the committing thread keeps one and tells it
/// of every item in order.
package struct LineLedger: Sendable {
  /// The number of the next item's first line; 0 where it must be counted in the file.
  private var line: Int

  /// Starts a ledger where reading starts.
  package init(startingAt position: SourcePosition? = nil) {
    line = position?.line ?? 0
  }

  /// The place in its file of a record of the next item to be finished.
  ///
  /// Where reading began in the middle of a file, this counts the lines before that, once.
  package mutating func place(of record: RecordPlace, in item: ItemTag) -> Place {
    Place(
      name: item.names[record.stream], line: firstLine(of: item) + record.linesBefore,
      byte: record.byte)
  }

  /// The number of the first line of the next item to be finished, counted as for a place.
  mutating func firstLine(of item: ItemTag) -> Int {
    if let first = item.firstLine {
      line = first
    } else if line == 0 {
      line = Self.countLines(of: item.path, before: item.startByte) + 1
    }
    return line
  }

  /// Counts the lines of an item that is done and returns the position after it.
  package mutating func finish(_ item: ItemTag, lines: Int) -> SourcePosition {
    if let first = item.firstLine { line = first }
    if line > 0 { line += lines }
    var position = item.end
    position.line = line
    return position
  }

  /// Line ends before an offset of a file; 0 when it cannot be read any more, because a message with
  /// a wrong line is better than none.
  static func countLines(of path: String, before end: Int) -> Int {
    guard let file = try? OpenFile(path) else { return 0 }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    var lines = 0
    var offset = 0
    while offset < end {
      let range = offset..<min(end, offset + bytes.count)
      guard (try? file.read(range, into: &bytes)) != nil else { return 0 }
      for index in 0..<range.count where bytes[index] == 0x0A { lines += 1 }
      offset = range.upperBound
    }
    return lines
  }
}
