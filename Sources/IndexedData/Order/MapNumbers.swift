internal import Machine

/// The whole numbers of an index map, in memory or in its file.
package enum MapNumbers: Sendable {
  case int32([Int32])
  case uint32([UInt32])
  case int64([Int64])
  case file(NumPyFile)

  /// How many numbers there are, counted through all axes.
  package var count: Int {
    switch self {
    case .int32(let numbers): numbers.count
    case .uint32(let numbers): numbers.count
    case .int64(let numbers): numbers.count
    case .file(let file): file.count
    }
  }

  /// A number.
  ///
  /// - Precondition: `0 ≤ index < count`.
  package subscript(index: Int) -> Int {
    switch self {
    case .int32(let numbers): Int(numbers[index])
    case .uint32(let numbers): Int(numbers[index])
    case .int64(let numbers): Int(numbers[index])
    case .file(let file): Int(file.integer(at: index))
    }
  }

  /// What the numbers are.
  package var type: NumPyType {
    switch self {
    case .int32: .int32
    case .uint32: .uint32
    case .int64: .int64
    case .file(let file): file.header.type
    }
  }

  /// All bytes, for comparison and hashes.
  package var bytes: [UInt8] {
    switch self {
    case .int32(let numbers): unsafe Self.bytes(numbers.span.bytes)
    case .uint32(let numbers): unsafe Self.bytes(numbers.span.bytes)
    case .int64(let numbers): unsafe Self.bytes(numbers.span.bytes)
    case .file(let file): file.withBytes(Self.bytes)
    }
  }

  private static func bytes(_ span: RawSpan) -> [UInt8] {
    unsafe span.withUnsafeBytes { unsafe Array($0) }
  }

  /// Writes the numbers as an `.npy` file of one axis.
  func write(
    to path: String, _ interruption: Interruption?
  ) throws(IndexedDataError) -> WrittenFile {
    let header = NumPyHeader(type: type, shape: [count])
    var stream = try NumPyStream(header, to: path, interruption: interruption)
    switch self {
    case .int32(let numbers): try stream.append(numbers)
    case .uint32(let numbers): try stream.append(numbers)
    case .int64(let numbers): try stream.append(numbers)
    case .file: preconditionFailure("the map is a file already")
    }
    return try stream.finish()
  }
}

/// GPT-NeoX's three index maps, from which any sample is found at once.
package struct SampleMaps: Sendable {
  /// `doc_idx`: documents in the order in which their tokens are laid out.
  package var documentIndices: MapNumbers
  /// `sample_idx`: a row a sample, its first document's place in ``documentIndices`` and its first
  /// token there; one row more for the end of the last.
  package var sampleIndices: MapNumbers
  /// `shuffle_idx`: which row a sample is.
  package var shuffleIndices: MapNumbers
  /// The documents that are in none of them.
  package var leftOut: LeftOutDocuments

  /// Brings three maps together.
  package init(
    documentIndices: MapNumbers, sampleIndices: MapNumbers, shuffleIndices: MapNumbers,
    leftOut: LeftOutDocuments = LeftOutDocuments()
  ) {
    self.documentIndices = documentIndices
    self.sampleIndices = sampleIndices
    self.shuffleIndices = shuffleIndices
    self.leftOut = leftOut
  }
}
