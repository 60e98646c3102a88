package import Machine

/// What documents end with, and how much of them is trained on.
package struct DocumentMarks: Sendable, Equatable {
  /// Documents that end with the end-of-document id, and those that do not.
  package struct Endings: Sendable, Equatable {
    /// The id.
    package let id: Int64
    /// Documents whose last token it is.
    package internal(set) var ended = 0
    /// Documents with another last token.
    package internal(set) var lacking = 0
    /// The first of them.
    package internal(set) var firstLacking: [Int] = []
  }

  /// Labels that train something, and labels that do not.
  package struct Supervision: Sendable, Equatable {
    /// Tokens with a label of 0 or more.
    package internal(set) var trained = 0
    /// Tokens with a label below 0.
    package internal(set) var masked = 0
    /// Documents with tokens of which none is trained on.
    package internal(set) var untrainedDocuments = 0
    /// The first of them.
    package internal(set) var firstUntrained: [Int] = []
  }

  /// Documents without tokens.
  package private(set) var emptyDocuments = 0
  /// How documents end; `nil` where no id was given.
  package private(set) var endings: Endings?
  /// What is trained on; `nil` without labels.
  package private(set) var supervision: Supervision?

  /// How many documents are listed by number.
  package static let listLimit = 10
  private static let chunkCount = 1 << 12
  /// Labels that are looked at at once.
  private static let pieceCount = 1 << 18

  /// Looks at the last token of each document, and at every label.
  ///
  /// - Throws: `unsuitable` for labels that do not fit, `interrupted` once `interruption` is raised.
  package init(
    _ dataset: IndexedDataset, endOfDocument: Int64?, labels: IndexedDataset?, workers: Int,
    interruption: Interruption? = nil
  ) throws(IndexedDataError) {
    try labels.map { (labels) throws(IndexedDataError) in try dataset.requireFit(of: labels) }
    let count = dataset.tendedDocumentCount
    let start = Self(endOfDocument, hasLabels: labels != nil)
    let chunks = (count + Self.chunkCount - 1) / Self.chunkCount
    let parts = Monitor([DocumentMarks](repeating: start, count: chunks))
    try WorkerPool.forEach(count: chunks, workers: workers, name: "marks") {
      (chunk: Int) throws(IndexedDataError) in
      var marks = start
      let first = chunk * Self.chunkCount
      for document in first..<min(count, first + Self.chunkCount) {
        try endWhereRaised(interruption)
        try marks.look(at: document, dataset, labels)
      }
      parts.withLock { $0[chunk] = marks }
    }
    self = parts.withLock { $0.reduce(into: start) { $0.add($1) } }
  }

  private init(_ endOfDocument: Int64?, hasLabels: Bool) {
    endings = endOfDocument.map { Endings(id: $0) }
    supervision = hasLabels ? Supervision() : nil
  }

  private mutating func look(
    at document: Int, _ dataset: IndexedDataset, _ labels: IndexedDataset?
  ) throws(IndexedDataError) {
    var last: (sequence: Int, size: Int)?
    var trained = 0
    for sequence in try dataset.tendedSequences(ofDocument: document) {
      let size = try dataset.size(of: sequence)
      guard size > 0 else { continue }
      last = (sequence, size)
      guard let labels else { continue }
      // In pieces, as those of an archive are copied.
      var masked = 0
      for start in stride(from: 0, to: size, by: Self.pieceCount) {
        masked += try labels.withBytes(
          of: sequence, from: start, count: min(Self.pieceCount, size - start)
        ) { countNegatives($0, labels.elementType) }
      }
      supervision?.masked += masked
      trained += size - masked
    }
    guard let last else {
      emptyDocuments += 1
      return
    }
    supervision?.trained += trained
    if labels != nil, trained == 0 {
      supervision?.untrainedDocuments += 1
      if supervision?.firstUntrained.count ?? 0 < Self.listLimit {
        supervision?.firstUntrained.append(document)
      }
    }
    guard let id = endings?.id else { return }
    let type = dataset.elementType
    let token = try dataset.withBytes(of: last.sequence, from: last.size - 1, count: 1) {
      $0.loadElement(at: 0, type)
    }
    if token == id {
      endings?.ended += 1
    } else {
      endings?.lacking += 1
      if endings?.firstLacking.count ?? 0 < Self.listLimit {
        endings?.firstLacking.append(document)
      }
    }
  }

  private mutating func add(_ later: DocumentMarks) {
    emptyDocuments += later.emptyDocuments
    if let other = later.endings {
      endings?.ended += other.ended
      endings?.lacking += other.lacking
      let room = Self.listLimit - (endings?.firstLacking.count ?? 0)
      endings?.firstLacking += other.firstLacking.prefix(room)
    }
    if let other = later.supervision {
      supervision?.trained += other.trained
      supervision?.masked += other.masked
      supervision?.untrainedDocuments += other.untrainedDocuments
      let room = Self.listLimit - (supervision?.firstUntrained.count ?? 0)
      supervision?.firstUntrained += other.firstUntrained.prefix(room)
    }
  }
}

extension IndexedDataset {
  /// Checks that a dataset has a label for each token of this one.
  ///
  /// - Throws: `unsuitable` where it has not.
  package func requireFit(of labels: IndexedDataset) throws(IndexedDataError) {
    guard !labels.elementType.isFloatingPoint else {
      throw .unsuitable(
        path: labels.prefix,
        reason: "its elements are \(labels.elementType.rawValue), and labels are whole numbers")
    }
    guard let document = try firstDifferingSize(from: labels) else { return }
    throw .unsuitable(
      path: labels.prefix,
      reason: "document \(document) has not as many labels as \(prefix) has tokens")
  }
}

/// How many elements are below 0.
private func countNegatives(_ bytes: RawSpan, _ type: ElementType) -> Int {
  func count<Number: FixedWidthInteger & SignedInteger & BitwiseCopyable>(
    _: Number.Type
  ) -> Int {
    let width = MemoryLayout<Number>.size
    return unsafe bytes.withUnsafeBytes { source in
      var count = 0
      for place in 0..<(source.count / width) {
        let number = Number(
          littleEndian: unsafe source.loadUnaligned(
            fromByteOffset: place * width, as: Number.self))
        // The shift leaves −1 of what is below 0, and 0 of the rest.
        count &-= Int(truncatingIfNeeded: number >> (Number.bitWidth - 1))
      }
      return count
    }
  }
  switch type {
  case .int8: return count(Int8.self)
  case .int16: return count(Int16.self)
  case .int32: return count(Int32.self)
  case .int64: return count(Int64.self)
  case .uint8, .uint16, .float32, .float64: return 0
  }
}
