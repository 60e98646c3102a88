internal import Machine

/// Writes one dataset, document by document, in a fixed amount of memory.
///
/// ```swift
/// let builder = try DatasetBuilder(DatasetOutput(prefix: "data/x", elementType: .uint16))
/// try builder.append([10, 11, 12, 0])
/// try builder.finish()
/// ```
///
/// The files appear whole when ``finish()`` returns; a builder that is dropped before leaves
/// nothing.
public final class DatasetBuilder {
  private let transaction: DatasetTransaction
  private var block = ByteBuffer()
  private var isOpen = true

  private var output: DatasetOutput { transaction.outputs[0] }

  /// Begins a dataset.
  ///
  /// - Throws: `alreadyExists` when there is one and `overwrite` is false.
  public init(_ output: DatasetOutput, overwrite: Bool = false) throws(IndexedDataError) {
    let open = { () throws(IndexedDataError) in
      try DatasetTransaction(
        journal: output.prefix + ".journal", outputs: [output], identity: [],
        policy: overwrite ? .overwrite : .keep)
    }
    let first = try open()
    // An earlier builder that was killed while it finished is finished by now; this one begins.
    transaction = first.isFinished ? try open() : first
  }

  deinit {
    // What cannot be removed stays as `….partial`, which nobody takes for a dataset.
    if isOpen { try? transaction.discard() }
  }

  /// Number of documents so far.
  public var documentCount: Int { transaction.documentCount(output: 0) }

  /// Appends a document of one sequence; without ids, a document without sequences.
  public func append(_ ids: [Int64]) throws(IndexedDataError) {
    try append(sequences: ids.isEmpty ? [] : [ids])
  }

  /// Appends a document of any number of sequences, each of which may be empty.
  ///
  /// - Throws: `unfitElement` for an id that the element type cannot hold; nothing is appended then.
  public func append(sequences: [[Int64]]) throws(IndexedDataError) {
    for ids in sequences {
      for (place, id) in ids.enumerated() where output.elementType.range?.contains(id) != true {
        throw .unfitElement(
          path: output.prefix, document: documentCount, element: place,
          type: output.elementType, found: "\(id)")
      }
    }
    for ids in sequences {
      block.removeAll()
      for id in ids { append(bits: UInt64(bitPattern: id)) }
      try endSequence()
    }
    try transaction.endDocument(output: 0)
  }

  /// Appends a document of one sequence of fractions.
  public func append(values: [Double]) throws(IndexedDataError) {
    guard output.elementType.isFloatingPoint else {
      throw .unfitElement(
        path: output.prefix, document: documentCount, element: 0, type: output.elementType,
        found: "fractions")
    }
    block.removeAll()
    for value in values {
      let isShort = output.elementType == .float32
      append(bits: isShort ? UInt64(Float(value).bitPattern) : value.bitPattern)
    }
    if !values.isEmpty { try endSequence() }
    try transaction.endDocument(output: 0)
  }

  /// Completes both files and gives them their names.
  @discardableResult
  public func finish() throws(IndexedDataError) -> DatasetSummary {
    try transaction.finish()
    isOpen = false
    return transaction.summaries[0]
  }

  private func endSequence() throws(IndexedDataError) {
    // A span of a class's own property cannot be lent out; one of a local buffer can.
    var sequence = ByteBuffer()
    swap(&sequence, &block)
    try transaction.extendSequence(output: 0, elements: sequence.bytes)
    try transaction.endSequence(output: 0)
    swap(&sequence, &block)
  }

  private func append(bits: UInt64) {
    switch output.elementType.byteCount {
    case 1: block.append(UInt8(truncatingIfNeeded: bits))
    case 2: block.append(number: UInt16(truncatingIfNeeded: bits))
    case 4: block.append(number: UInt32(truncatingIfNeeded: bits))
    default: block.append(number: bits)
    }
  }
}
