/// The inputs as a row of work items: the same row whoever reads, and however often reading is broken
/// off and continued.
package struct DocumentSource: ~Copyable {
  private let inputs: InputList
  private let options: ReadingOptions
  private var nextInput: Int
  private var cutter: RegionCutter?

  /// Starts at the first input, or continues at a position that ``LineLedger`` gave.
  ///
  /// - Throws: ``PreprocessError/cannotResume(_:)`` when the position lies outside the inputs.
  package init(
    _ inputs: InputList, options: ReadingOptions, resumingAt position: SourcePosition = .init()
  ) throws(PreprocessError) {
    self.inputs = inputs
    self.options = options
    nextInput = position.input
  }

  /// The next item; `nil` after the last.
  package mutating func next() throws(PreprocessError) -> WorkItem? {
    while true {
      if let cut = try cutter?.next(), case .lines(let range) = cut, let file = cutter?.file {
        return item(file, range)
      }
      guard nextInput < inputs.entries.count else { return nil }
      let entry = inputs.entries[nextInput]
      nextInput += 1
      guard entry.isDivisible else { throw .unknownKind(entry.path) }
      cutter = RegionCutter(
        file: try OpenFile(entry.path), range: 0..<entry.byteCount, options: options)
    }
  }

  private func item(_ file: OpenFile, _ range: Range<Int>) -> WorkItem {
    let input = nextInput - 1
    let tag = ItemTag(
      names: [file.path], input: input, path: file.path, startByte: range.lowerBound,
      firstLine: range.lowerBound == 0 ? 1 : nil,
      end: SourcePosition(input: input, stream: 0, byte: range.upperBound))
    let isText = inputs.entries[input].plainFormat == .textLines
    return WorkItem(tag: tag, shape: isText ? .textLines : .jsonLines, bytes: .file(file, range))
  }
}
