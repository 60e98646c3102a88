extension StreamCutter {
  /// Cuts a row of whole elements of a JSON array.
  mutating func nextElements() throws(PreprocessError) -> Cut? {
    guard let leaf else { return nil }
    let start = window.offset
    var ranges: [RecordRange] = []
    var elementStart: Int?
    var scanned = 0
    var target = options.itemBytes
    while true {
      try window.fill(to: target + 1)
      let isRest = window.count <= target
      scan(from: &scanned, to: min(window.count, target), &ranges, &elementStart)
      if isRest && pending == nil && !splitter.isDone {
        pending = .brokenStructure(
          name: leaf.name, byte: window.offset + window.count,
          reason: "the JSON array ends too early")
      }
      if let end = ranges.last?.bytes.upperBound {
        // What was scanned after the last element is scanned again in the next row.
        splitter = ArraySplitter(at: .afterElement)
        pending = nil
        let tag = place(leaf).tag(from: start, to: start + end)
        return .item(
          WorkItem(tag: tag, shape: .jsonRecords(ranges), bytes: .memory(window.cut(end))))
      }
      if let pending { throw pending }
      if isRest {
        window.drop(window.count)
        return nil
      }
      if target >= options.recordLimit { return try longElement(leaf, elementStart) }
      target = min(target * 2, options.recordLimit)
    }
  }

  /// Notes the elements that end in the window between `scanned` and `end`.
  private mutating func scan(
    from scanned: inout Int, to end: Int, _ ranges: inout [RecordRange], _ elementStart: inout Int?
  ) {
    let window = self.window
    let bytes = window.bytes.span.extracting(first: end)
    var splitter = self.splitter
    defer { self.splitter = splitter }
    while true {
      switch splitter.next(bytes, &scanned) {
      case .begin(let index):
        elementStart = index
      case .end(let index):
        guard let begin = elementStart else { return }
        ranges.append(
          RecordRange(bytes: begin..<index, stream: 0, offset: window.offset + begin))
        elementStart = nil
      case .none:
        return
      case .broken(let index, let reason):
        pending = .brokenStructure(
          name: window.stream.name, byte: window.offset + index, reason: reason)
        return
      }
    }
  }

  /// Reads an element that is longer than the window may be.
  private mutating func longElement(
    _ leaf: LeafWalker.Leaf, _ elementStart: Int?
  ) throws(PreprocessError) -> Cut? {
    guard let elementStart else {
      throw .brokenStructure(
        name: leaf.name, byte: window.offset,
        reason: "\(window.count) bytes of white space inside a JSON array")
    }
    let start = window.offset
    let lines = window.bytes[..<elementStart].reduce(0) { $0 + ($1 == 0x0A ? 1 : 0) }
    window.drop(elementStart)
    let cut = try longRecord(
      leaf, from: start, linesBefore: lines, until: .element(ArraySplitter(at: .element)),
      .json(keys: jsonKeys))
    splitter = ArraySplitter(at: .afterElement)
    return cut
  }

  /// Cuts a row of whole records that carry their lengths.
  mutating func nextSizedRecords() throws(PreprocessError) -> Cut? {
    guard let leaf else { return nil }
    let start = window.offset
    var ranges: [RecordRange] = []
    var index = 0
    try window.fill(to: options.itemBytes)
    while index < min(window.count, options.itemBytes) {
      guard let length = sizedRecordLength(at: index) else {
        if index > 0 { break }
        throw .brokenStructure(
          name: leaf.name, byte: start,
          reason: "sixteen digits with the length of a record were expected")
      }
      if index == 0 {
        // A long record stays one where all of it happens to be in the window from before.
        guard length <= options.recordLimit else { break }
        try window.fill(to: Self.sizeDigits + length)
      }
      let body = index + Self.sizeDigits
      let end = index == 0 ? window.count : min(window.count, options.itemBytes)
      guard body + length <= end else { break }
      ranges.append(
        RecordRange(bytes: body..<body + length, stream: 0, offset: start + body))
      index = body + length
    }
    guard window.count > 0 else { return nil }
    if index > 0 {
      // These records count no lines, so that each item starts at line 1.
      let tag = ItemTag(
        names: [leaf.name], firstStream: leaf.ordinal, input: input, path: path, startByte: start,
        firstLine: 1,
        end: place(leaf).position(start + index))
      let shape = WorkItem.Shape.texts(ranges, translatesNewlines: false)
      return .item(WorkItem(tag: tag, shape: shape, bytes: .memory(window.cut(index))))
    }
    guard let length = sizedRecordLength(at: 0),
      !window.isAtEnd || window.count - Self.sizeDigits >= length
    else {
      throw .brokenStructure(
        name: leaf.name, byte: start, reason: "the stream ends inside the record that begins here")
    }
    return try longSizedRecord(leaf, length)
  }

  // MARK: - Long records

  /// The record that comes next, taken as a long one whatever its size; `nil` where there is none.
  mutating func nextLong() throws(PreprocessError) -> Cut? {
    guard let leaf else { return nil }
    switch leaf.format {
    case .jsonLines:
      return try longRecord(
        leaf, from: window.offset, until: .line(isIncluded: false), .json(keys: jsonKeys))
    case .textLines:
      return try longRecord(
        leaf, from: window.offset, until: .line(isIncluded: true), .text(translatesNewlines: false))
    case .jsonArray:
      guard let start = try findElement() else { return nil }
      return try longElement(leaf, start)
    case .sizedRecords:
      try window.fill(to: Self.sizeDigits)
      guard let length = sizedRecordLength(at: 0) else { return nil }
      return try longSizedRecord(leaf, length)
    case .text(let translates):
      return try longText(leaf, translates: translates)
    }
  }

  /// Where in the window the next element of an array begins, after what separates it from the last.
  private mutating func findElement() throws(PreprocessError) -> Int? {
    var scanned = 0
    var target = 1 << 12
    while true {
      try window.fill(to: target)
      var ranges: [RecordRange] = []
      var elementStart: Int?
      scan(from: &scanned, to: window.count, &ranges, &elementStart)
      if let start = ranges.first?.bytes.lowerBound ?? elementStart {
        pending = nil
        return start
      }
      if window.isAtEnd || pending != nil { return nil }
      target *= 2
    }
  }

  private mutating func longSizedRecord(
    _ leaf: LeafWalker.Leaf, _ length: Int
  ) throws(PreprocessError) -> Cut {
    let start = window.offset
    window.drop(Self.sizeDigits)
    return try longRecord(
      leaf, from: start, until: .bytes(length), .text(translatesNewlines: false))
  }

  private static var sizeDigits: Int { 16 }

  private func sizedRecordLength(at index: Int) -> Int? {
    guard index + Self.sizeDigits <= window.count else { return nil }
    var length = 0
    for digit in window.bytes[index..<index + Self.sizeDigits] {
      guard (0x30...0x39).contains(digit) else { return nil }
      length = length * 10 + Int(digit - 0x30)
    }
    return length
  }
}
