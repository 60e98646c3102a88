internal import Machine

/// Writes an index file front to back: sizes, then entries of the document index, then modes.
///
/// What the format wants before or between them is derived by reading back what was written, so that
/// no array is ever held in memory.
struct IndexStream: ~Copyable {
  private var file: AppendFile
  private let layout: IndexLayout
  private let elementByteCount: Int
  private var total: Int64 = 0
  private var sizesLeft: Int
  private var entriesLeft: Int
  private let interruption: Interruption?

  private init(
    _ file: consuming AppendFile, _ layout: IndexLayout, elementByteCount: Int,
    _ interruption: Interruption?
  ) {
    self.file = file
    self.layout = layout
    self.elementByteCount = elementByteCount
    self.interruption = interruption
    sizesLeft = layout.sequenceCount
    entriesLeft = layout.documentEntryCount
  }

  /// Begins an index of `sequenceCount` sequences and `documentEntryCount` document entries.
  static func begin(
    path: String, format: IndexFormat, elementType: ElementType, variant: IndexVariant,
    sequenceCount: Int, documentEntryCount: Int, interruption: Interruption? = nil
  ) throws(IndexedDataError) -> IndexStream {
    let layout = IndexLayout(
      format: format, code: elementType.code(variant), elementByteCount: elementType.byteCount,
      sequenceCount: sequenceCount, documentEntryCount: documentEntryCount)
    let file = try asking { () throws(SystemError) in
      var file = try AppendFile(path: path)
      try writeHeader(layout, elementType.byteCount, to: &file)
      if format == .cached {
        for place in 0...sequenceCount { try file.append(number: Int64(place)) }
        try file.append(number: Int64(0))
      }
      return file
    }
    var writer = IndexStream(
      file, layout, elementByteCount: elementType.byteCount, interruption)
    if sequenceCount == 0 { try writer.finishSizes() }
    return writer
  }

  /// Adds the number of elements of the next sequence.
  mutating func append(size: Int64) throws(IndexedDataError) {
    precondition(sizesLeft > 0)
    try endWhereRaised(interruption)
    let (sum, overflow) = total.addingReportingOverflow(size)
    let limit = layout.format == .mmap ? Int64(Int32.max) : Int64.max
    guard size >= 0, size <= limit, !overflow, sum <= Int64.max / 8 else {
      throw .tooLarge(
        path: file.path, document: layout.sequenceCount - sizesLeft, what: "size of the sequence",
        found: Int(size), limit: Int(limit))
    }
    total = sum
    try asking { () throws(SystemError) in
      if layout.format == .mmap {
        try file.append(number: Int32(size))
      } else {
        try file.append(number: total)
      }
    }
    sizesLeft -= 1
    if sizesLeft == 0 { try finishSizes() }
  }

  /// Adds the next entry of the document index; all sizes must have been added.
  mutating func append(documentEntry: Int64) throws(IndexedDataError) {
    precondition(sizesLeft == 0 && entriesLeft > 0)
    try endWhereRaised(interruption)
    entriesLeft -= 1
    try asking { () throws(SystemError) in try file.append(number: documentEntry) }
  }

  /// Adds the mode of the next sequence; all entries of the document index must have been added.
  mutating func append(mode: Int8) throws(IndexedDataError) {
    precondition(sizesLeft == 0 && entriesLeft == 0)
    try endWhereRaised(interruption)
    try asking { () throws(SystemError) in try file.append(number: mode) }
  }

  /// Makes everything durable.
  mutating func synchronize() throws(IndexedDataError) {
    precondition(sizesLeft == 0 && entriesLeft == 0)
    try asking { () throws(SystemError) in try file.synchronize() }
  }

  /// Hands everything to the system without waiting for the disk.
  mutating func flush() throws(IndexedDataError) {
    try asking { () throws(SystemError) in try file.flush() }
  }

  private mutating func finishSizes() throws(IndexedDataError) {
    try flush()
    switch layout.format {
    case .mmap: try appendPointers()
    case .cached: try appendSizes()
    }
  }

  /// Pointers are the sums of the sizes before, in bytes.
  private mutating func appendPointers() throws(IndexedDataError) {
    var sizes = try layout.sizes(file.path, from: 0, count: layout.sequenceCount)
    var pointer: Int64 = 0
    for _ in 0..<layout.sequenceCount {
      try endWhereRaised(interruption)
      try asking { () throws(SystemError) in
        try file.append(number: pointer)
      }
      // No overflow: the total is at most an eighth of what fits.
      pointer += try sizes.read() * Int64(elementByteCount)
    }
  }

  /// Sizes are the differences of the starts.
  private mutating func appendSizes() throws(IndexedDataError) {
    var starts = try layout.pointers(file.path, from: 0, count: layout.sequenceCount + 1)
    var last = try starts.read()
    for _ in 0..<layout.sequenceCount {
      try endWhereRaised(interruption)
      let next = try starts.read()
      try asking { () throws(SystemError) in try file.append(number: next - last) }
      last = next
    }
  }

  private static func writeHeader(
    _ layout: IndexLayout, _ elementByteCount: Int, to file: inout AppendFile
  ) throws(SystemError) {
    let n = UInt64(layout.sequenceCount)
    let d = UInt64(layout.documentEntryCount)
    switch layout.format {
    case .mmap:
      for byte in IndexLayout.mmapMagic { try file.append(number: byte) }
      try file.append(number: UInt64(1))
      try file.append(number: UInt8(layout.code))
      try file.append(number: n)
      try file.append(number: d)
    case .cached:
      for byte in IndexLayout.cachedMagic { try file.append(number: byte) }
      for number in [1, layout.code, UInt64(elementByteCount), n, n, d] {
        try file.append(number: number)
      }
    }
  }
}
