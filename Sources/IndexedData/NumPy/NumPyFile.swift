internal import Machine

/// An `.npy` file, open for reading.
package final class NumPyFile: Sendable {
  /// Where it is.
  package let path: String
  /// What it holds.
  package let header: NumPyHeader
  /// How many numbers it holds.
  package let count: Int
  private let file: MappedFile
  private let offset: Int

  /// Opens a file and checks its header and length.
  package init(path: String) throws(IndexedDataError) {
    let file = try Self.map(path)
    let (header, offset) = try NumPyHeader.read(file.bytes, path: path)
    var count = 1
    var overflow = false
    for axis in header.shape {
      let product = count.multipliedReportingOverflow(by: axis)
      overflow = overflow || product.overflow
      count = product.partialValue
    }
    let bytes = count.multipliedReportingOverflow(by: header.type.byteCount)
    guard !overflow, !bytes.overflow, bytes.partialValue == file.byteCount - offset else {
      throw .malformed(
        path: path, byte: offset, what: "file length",
        expected: "numbers of type \(header.type.rawValue) in the shape \(header.shape)",
        found: "\(file.byteCount - offset) bytes behind the header")
    }
    self.path = path
    self.header = header
    self.count = count
    self.offset = offset
    self.file = file
  }

  /// Bytes of a file that are copied where mappings are scarce, as in a run of thousands of datasets.
  private static let copyLimit = 256 << 10

  private static func map(_ path: String) throws(IndexedDataError) -> MappedFile {
    do throws(SystemError) {
      return try MappedFile(path: path, copyLimit: copyLimit)
    } catch {
      throw .system(error)
    }
  }

  /// When the file was last changed, in nanoseconds since 1970.
  package var modifiedNanoseconds: Int64 { file.modifiedNanoseconds }

  /// Bytes of the whole file.
  package var byteCount: Int { file.byteCount }

  /// A whole number, counted through all axes; the bits of a fraction or of one above `Int64.max`.
  ///
  /// - Precondition: `0 ≤ index < count`.
  package func integer(at index: Int) -> Int64 {
    precondition(index >= 0 && index < count)
    let place = offset + index * header.type.byteCount
    return switch header.type {
    case .uint8: Int64(file.number(at: place, UInt8.self))
    case .int8: Int64(file.number(at: place, Int8.self))
    case .uint16: Int64(file.number(at: place, UInt16.self))
    case .int16: Int64(file.number(at: place, Int16.self))
    case .uint32, .float32: Int64(file.number(at: place, UInt32.self))
    case .int32: Int64(file.number(at: place, Int32.self))
    case .uint64, .int64, .float64: file.number(at: place, Int64.self)
    }
  }

  /// A number as a fraction.
  ///
  /// - Precondition: `0 ≤ index < count`.
  package func value(at index: Int) -> Double {
    let bits = integer(at: index)
    return switch header.type {
    case .float32: Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
    case .float64: Double(bitPattern: UInt64(bitPattern: bits))
    case .uint64: Double(UInt64(bitPattern: bits))
    default: Double(bits)
    }
  }

  /// Shows the numbers' bytes to `body`.
  package func withBytes<Outcome>(_ body: (RawSpan) -> Outcome) -> Outcome {
    file.withBytes(offset..<file.byteCount) { body($0) }
  }

  // MARK: - Writing

  /// Writes numbers as a file, which appears whole: beside, synced, then under its name.
  ///
  /// - Precondition: the product of `shape` is `numbers.count`.
  package static func write<Number: NumPyNumber>(
    _ numbers: [Number], shape: [Int]? = nil, to path: String
  ) throws(IndexedDataError) {
    try write(numbers, shape: shape, beside: path) {
      (stream) throws(IndexedDataError) in _ = try stream.finish()
    }
  }

  /// Writes numbers as a file that lies whole and synced at `PATH.new`, and leaves its name to the
  /// caller.
  static func write<Number: NumPyNumber>(
    _ numbers: [Number], beside path: String, interruption: Interruption?
  ) throws(IndexedDataError) {
    try write(numbers, beside: path, interruption: interruption) {
      (stream) throws(IndexedDataError) in _ = try stream.finishBeside()
    }
  }

  private static func write<Number: NumPyNumber>(
    _ numbers: [Number], shape: [Int]? = nil, beside path: String,
    interruption: Interruption? = nil,
    finish: (inout NumPyStream) throws(IndexedDataError) -> Void
  ) throws(IndexedDataError) {
    let shape = shape ?? [numbers.count]
    precondition(shape.reduce(1, *) == numbers.count)
    do throws(IndexedDataError) {
      var stream = try NumPyStream(
        NumPyHeader(type: Number.numPyType, shape: shape), to: path, interruption: interruption)
      try stream.append(numbers)
      try finish(&stream)
    } catch {
      // It takes the room that is missing.
      try? DurableFile.remove(path + ".new")
      throw error
    }
  }
}
