/// Cuts a plain file of lines into stretches of whole lines, of which it reads the ends only.
struct RegionCutter {
  /// The next stretch.
  enum Cut: Equatable {
    case lines(Range<Int>)
    /// A line that is longer than the limit begins here.
    case longLine(start: Int)
  }

  let file: OpenFile
  /// Where the next stretch begins: a line start.
  var offset: Int
  /// Where the last line ends.
  let end: Int
  private let itemBytes: Int
  private let recordLimit: Int
  private var window = [UInt8](repeating: 0, count: 1 << 14)

  init(file: OpenFile, range: Range<Int>, options: ReadingOptions) {
    self.file = file
    offset = range.lowerBound
    end = range.upperBound
    itemBytes = options.itemBytes
    recordLimit = max(options.recordLimit, options.itemBytes)
  }

  /// The next stretch; `nil` at the end.
  mutating func next() throws(PreprocessError) -> Cut? {
    guard offset < end else { return nil }
    let start = offset
    if end - start <= itemBytes {
      offset = end
    } else if let cut = try lastLineEnd(in: start..<start + itemBytes) {
      offset = cut
    } else {
      let limit = min(end, start + recordLimit)
      if let cut = try Self.firstLineEnd(in: start + itemBytes..<limit, of: file, &window) {
        offset = cut
      } else if limit == end {
        offset = end
      } else {
        return .longLine(start: start)
      }
    }
    return .lines(start..<offset)
  }

  /// The offset after the last line end in `range`.
  private mutating func lastLineEnd(in range: Range<Int>) throws(PreprocessError) -> Int? {
    var upper = range.upperBound
    while upper > range.lowerBound {
      let part = max(range.lowerBound, upper - window.count)..<upper
      try file.read(part, into: &window)
      if let index = window[..<part.count].lastIndex(of: 0x0A) {
        return part.lowerBound + index + 1
      }
      upper = part.lowerBound
    }
    return nil
  }

  /// The offset after the first line end in `range` of a file.
  static func firstLineEnd(
    in range: Range<Int>, of file: OpenFile, _ window: inout [UInt8]
  ) throws(PreprocessError) -> Int? {
    var lower = range.lowerBound
    while lower < range.upperBound {
      let part = lower..<min(range.upperBound, lower + window.count)
      try file.read(part, into: &window)
      if let index = window[..<part.count].firstIndex(of: 0x0A) {
        return part.lowerBound + index + 1
      }
      lower = part.upperBound
    }
    return nil
  }
}
