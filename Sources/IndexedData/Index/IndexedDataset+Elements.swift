internal import CMachine
internal import Machine

extension IndexedDataset {
  // MARK: - Elements

  /// Tells the system that parts of sequences will be read in no order, as in training.
  ///
  /// Without it each look at a mapped page that is not in memory brings its neighbours along.
  package func expectRandomReads() {
    elements.expectRandomReads()
  }

  /// Asks the system to begin reading a part of a sequence, and does not wait.
  ///
  /// The index has to be read for it.
  package func readAhead(
    _ sequence: Int, from offset: Int, count: Int
  ) throws(IndexedDataError) {
    elements.readAhead(try byteRange(of: sequence, from: offset, count: count))
  }

  /// Asks the processor to bring a part of a sequence into its caches, and does not wait.
  ///
  /// For whoever reads here and there and knows what comes next: asked for before the part at hand is
  /// read, the next one is there in time. Does nothing in ``ReadingMode/pread``.
  public func prefetch(
    _ sequence: Int, from offset: Int = 0, count: Int? = nil
  ) throws(IndexedDataError) {
    elements.prefetch(try byteRange(of: sequence, from: offset, count: count))
  }

  /// Shows the bytes of a sequence, or of a part of it, to `body`.
  public func withBytes<Outcome: ~Copyable>(
    of sequence: Int, from offset: Int = 0, count: Int? = nil,
    _ body: (RawSpan) throws(IndexedDataError) -> Outcome
  ) throws(IndexedDataError) -> Outcome {
    let range = try byteRange(of: sequence, from: offset, count: count)
    return try elements.withBytes(at: range.lowerBound, count: range.count, body)
  }

  /// Shows any bytes of `.bin` to `body`, whatever sequences they belong to.
  public func withElementBytes<Outcome: ~Copyable>(
    _ range: Range<Int>, _ body: (RawSpan) throws(IndexedDataError) -> Outcome
  ) throws(IndexedDataError) -> Outcome {
    guard range.lowerBound >= 0, range.upperBound <= elementsByteCount else {
      throw .outOfRange(
        path: elementsPath, what: "byte", asked: range.upperBound, limit: elementsByteCount)
    }
    return try elements.withBytes(at: range.lowerBound, count: range.count, body)
  }

  /// Shows any bytes of `.idx` to `body`.
  package func withIndexBytes<Outcome: ~Copyable>(
    _ range: Range<Int>, _ body: (RawSpan) throws(IndexedDataError) -> Outcome
  ) throws(IndexedDataError) -> Outcome {
    guard range.lowerBound >= 0, range.upperBound <= indexByteCount else {
      throw .outOfRange(
        path: indexPath, what: "byte", asked: range.upperBound, limit: indexByteCount)
    }
    return try index.withBytes(at: range.lowerBound, count: range.count, body)
  }

  /// Fills `target` with token ids of a sequence, from element `offset` on.
  public func read(
    _ sequence: Int, from offset: Int = 0, into target: inout MutableSpan<Int64>
  ) throws(IndexedDataError) {
    try fill(sequence, offset, &target)
  }

  /// Fills `target` with token ids of a sequence, from element `offset` on.
  ///
  /// - Throws: ``IndexedDataError/notAnID(path:sequence:found:)`` for what 32 bits cannot hold.
  public func read(
    _ sequence: Int, from offset: Int = 0, into target: inout MutableSpan<UInt32>
  ) throws(IndexedDataError) {
    try fill(sequence, offset, &target)
  }

  /// Fills `target` with token ids or labels of a sequence, from element `offset` on.
  ///
  /// - Throws: ``IndexedDataError/notAnID(path:sequence:found:)`` for what 32 bits cannot hold.
  public func read(
    _ sequence: Int, from offset: Int = 0, into target: inout MutableSpan<Int32>
  ) throws(IndexedDataError) {
    try fill(sequence, offset, &target)
  }

  /// Fills `target` with elements of a sequence as fractions, from element `offset` on.
  public func read(
    _ sequence: Int, from offset: Int = 0, into target: inout MutableSpan<Float>
  ) throws(IndexedDataError) {
    let type = elementType
    // A closure cannot write to a span that it does not own, so the span is lent by address.
    try unsafe target.withUnsafeMutableBufferPointer { (target) throws(IndexedDataError) in
      try withBytes(of: sequence, from: offset, count: target.count) { bytes in
        for place in 0..<target.count {
          let bits = bytes.loadElement(at: place * type.byteCount, type)
          unsafe target[place] =
            switch type {
            case .float32: Float(bitPattern: UInt32(truncatingIfNeeded: bits))
            case .float64: Float(Double(bitPattern: UInt64(bitPattern: bits)))
            default: Float(bits)
            }
        }
      }
    }
  }

  /// All token ids of a sequence.
  public func tokens(of sequence: Int) throws(IndexedDataError) -> [Int64] {
    var ids = [Int64](repeating: 0, count: try size(of: sequence))
    var span = ids.mutableSpan
    try fill(sequence, 0, &span)
    return ids
  }

  /// All elements of a sequence as fractions, whatever their type.
  public func values(of sequence: Int) throws(IndexedDataError) -> [Double] {
    guard elementType.isFloatingPoint else {
      return try tokens(of: sequence).map(Double.init)
    }
    return try withBytes(of: sequence) { bytes in
      (0..<(bytes.byteCount / elementType.byteCount)).map { place in
        if elementType == .float64 {
          return Double(bitPattern: bytes.loadNumber(at: 8 * place, UInt64.self))
        }
        return Double(Float(bitPattern: bytes.loadNumber(at: 4 * place, UInt32.self)))
      }
    }
  }

  /// The element that follows a sequence in `.bin`: the first of the next one that has any.
  ///
  /// `nil` behind the last one. GPT-NeoX reaches it by reading past a sequence's end.
  public func firstToken(after sequence: Int) throws(IndexedDataError) -> Int64? {
    try check(sequence, isBelow: sequenceCount, "sequence")
    var next = sequence + 1
    while next < sequenceCount {
      if try size(of: next) > 0 {
        var first = [Int64](repeating: 0, count: 1)
        var span = first.mutableSpan
        try fill(next, 0, &span)
        return first[0]
      }
      next += 1
    }
    return nil
  }

  private func fill<ID: FixedWidthInteger>(
    _ sequence: Int, _ offset: Int, _ target: inout MutableSpan<ID>
  ) throws(IndexedDataError) {
    let range = try byteRange(of: sequence, from: offset, count: target.count)
    var bad: Int64?
    let type = elementType
    // A closure cannot write to a span that it does not own, so the span is lent by address.
    try unsafe target.withUnsafeMutableBufferPointer { (target) throws(IndexedDataError) in
      try elements.withBytes(at: range.lowerBound, count: range.count) { bytes in
        switch type {
        case .uint8: bad = unsafe widen(bytes, UInt8.self, target)
        case .int8: bad = unsafe widen(bytes, Int8.self, target)
        case .int16: bad = unsafe widen(bytes, Int16.self, target)
        case .uint16: bad = unsafe widen(bytes, UInt16.self, target)
        case .int32: bad = unsafe widen(bytes, Int32.self, target)
        case .int64: bad = unsafe widen(bytes, Int64.self, target)
        case .float32, .float64: break
        }
      }
    }
    guard !type.isFloatingPoint else {
      throw .notAnID(path: prefix, sequence: sequence, found: "elements of type \(type.rawValue)")
    }
    if let bad { throw .notAnID(path: prefix, sequence: sequence, found: "\(bad)") }
  }
}

/// Copies numbers to a wider type and returns the first one that does not fit, if any.
private func widen<Stored: FixedWidthInteger & BitwiseCopyable, ID: FixedWidthInteger>(
  _ bytes: RawSpan, _: Stored.Type, _ target: UnsafeMutableBufferPointer<ID>
) -> Int64? {
  unsafe bytes.withUnsafeBytes { source in
    // The types of most text, and of what it is read into.
    if Stored.self == UInt16.self, MemoryLayout<ID>.size == 4, let start = source.baseAddress {
      let count = min(target.count, source.count / 2)
      unsafe UnsafeMutableRawBufferPointer(target).withMemoryRebound(to: Int32.self) { target in
        unsafe cm_widen_u16(start, target.baseAddress, count)
      }
      return nil
    }
    if Stored.self == Int32.self, ID.self == Int32.self {
      let count = min(4 * target.count, source.count)
      unsafe UnsafeMutableRawBufferPointer(target).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: source[..<count]))
      return nil
    }
    var bad: Int64?
    for place in 0..<min(target.count, source.count / MemoryLayout<Stored>.size) {
      let stored = Stored(
        littleEndian: unsafe source.loadUnaligned(
          fromByteOffset: place * MemoryLayout<Stored>.size, as: Stored.self))
      let id = ID(truncatingIfNeeded: stored)
      unsafe target[place] = id
      if Int64(id) != Int64(stored), bad == nil { bad = Int64(stored) }
    }
    return bad
  }
}
