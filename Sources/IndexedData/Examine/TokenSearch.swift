internal import Machine
import Synchronization

/// Where runs of token ids occur in a dataset.
///
/// `.bin` is read through once, at the speed of memory, by several threads, however long documents
/// are; what is found comes in the order of documents. An occurrence lies within one document. Occurrences may overlap.
package struct TokenSearch: Sendable {
  /// An occurrence.
  package struct Hit: Equatable, Sendable {
    /// The document; a sequence where the index does not tell documents apart.
    package var document: Int
    /// The first token, counted from the document's start.
    package var position: Int
    /// Which of the patterns it is.
    package var pattern: Int
  }

  private let dataset: IndexedDataset
  private let patterns: [NumberPattern]

  /// Looks for any of several runs of ids.
  ///
  /// - Throws: `unsuitable` for a run without ids, and for elements that are no ids; `doesNotFit`
  ///   for an id that elements of the dataset's type cannot be.
  package init(_ dataset: IndexedDataset, _ runs: [[Int64]]) throws(IndexedDataError) {
    self.dataset = dataset
    let type = dataset.elementType
    guard let range = type.range else {
      throw .unsuitable(
        path: dataset.prefix, reason: "its elements are \(type.rawValue), not token ids")
    }
    var patterns: [NumberPattern] = []
    for run in runs {
      guard !run.isEmpty else {
        throw .unsuitable(path: dataset.prefix, reason: "there is no token to look for")
      }
      var bytes: [UInt8] = []
      for id in run {
        guard range.contains(id) else {
          throw .unsuitable(
            path: dataset.prefix,
            reason: "its elements are \(type.rawValue), which \(id) cannot be among")
        }
        bytes += (0..<type.byteCount).map { UInt8(truncatingIfNeeded: id >> (8 * $0)) }
      }
      patterns.append(NumberPattern(bytes, width: type.byteCount))
    }
    self.patterns = patterns
  }

  /// Looks through the whole dataset.
  ///
  /// `report` is called with occurrences in order, and returns whether to go on.
  package func run(
    workers: Int, pieceByteCount: Int = SearchPieces.byteCount,
    report: ([Hit]) throws(IndexedDataError) -> Bool
  ) throws(IndexedDataError) {
    var pieces = SearchPieces(dataset, byteCount: pieceByteCount)
    let isEnough = Atomic(false)
    _ = try OrderedPipeline(workers: workers, name: "search").run(
      makeContext: { () },
      next: { () throws(IndexedDataError) -> SearchPieces.Piece? in
        isEnough.load(ordering: .relaxed) ? nil : try pieces.next()
      },
      work: { (_, piece) throws(IndexedDataError) in try hits(in: piece) },
      commit: { (hits) throws(IndexedDataError) in
        guard !isEnough.load(ordering: .relaxed) else { return }
        if try !report(hits) { isEnough.store(true, ordering: .relaxed) }
      })
  }

  // MARK: - Some documents

  private func hits(in piece: SearchPieces.Piece) throws(IndexedDataError) -> [Hit] {
    switch piece {
    case .documents(let documents): try hits(in: documents)
    case .part(let document, let range, let place):
      try hits(in: document, range, beginningIn: place)
    }
  }

  private func hits(in documents: Range<Int>) throws(IndexedDataError) -> [Hit] {
    var hits: [Hit] = []
    var run = Run()
    for document in documents {
      let bytes = try dataset.byteRange(ofDocument: document)
      if bytes == nil || bytes?.lowerBound != run.bytes.upperBound {
        try search(run, &hits)
        run = Run()
      }
      guard let bytes else {
        try searchScattered(document, &hits)
        continue
      }
      if run.ends.isEmpty { run = Run(bytes: bytes.lowerBound..<bytes.lowerBound, first: document) }
      run.bytes = run.bytes.lowerBound..<bytes.upperBound
      run.ends.append(bytes.upperBound)
    }
    try search(run, &hits)
    return hits
  }

  /// Documents that lie one behind the other in `.bin`.
  private struct Run {
    var bytes = 0..<0
    var first = 0
    /// Where each of them ends.
    var ends: [Int] = []
  }

  private func search(_ run: Run, _ hits: inout [Hit]) throws(IndexedDataError) {
    guard !run.bytes.isEmpty else { return }
    let width = dataset.elementType.byteCount
    let found = try dataset.withElementBytes(run.bytes) { places(in: $0) }
    var document = 0
    for (place, pattern) in found {
      let byte = run.bytes.lowerBound + place * width
      while run.ends[document] <= byte { document += 1 }
      guard byte + patterns[pattern].count * width <= run.ends[document] else { continue }
      let start = document == 0 ? run.bytes.lowerBound : run.ends[document - 1]
      hits.append(
        Hit(document: run.first + document, position: (byte - start) / width, pattern: pattern))
    }
  }

  /// What begins in a part of a document, wherever in the document it ends.
  private func hits(
    in document: Int, _ range: Range<Int>, beginningIn part: Range<Int>
  ) throws(IndexedDataError) -> [Hit] {
    let width = dataset.elementType.byteCount
    let reach = ((patterns.map(\.count).max() ?? 1) - 1) * width
    let end = part.upperBound + min(reach, range.upperBound - part.upperBound)
    let found = try dataset.withElementBytes(part.lowerBound..<end) {
      places(in: $0, before: part.count / width)
    }
    let start = (part.lowerBound - range.lowerBound) / width
    return found.map { Hit(document: document, position: start + $0.place, pattern: $0.pattern) }
  }

  private func searchScattered(
    _ document: Int, _ hits: inout [Hit]
  ) throws(IndexedDataError) {
    let bytes = try dataset.bytes(ofDocument: document)
    for (place, pattern) in unsafe places(in: bytes.span.bytes) {
      hits.append(Hit(document: document, position: place, pattern: pattern))
    }
  }

  /// Where each pattern begins before a place, in order of places.
  private func places(
    in bytes: RawSpan, before end: Int = .max
  ) -> [(place: Int, pattern: Int)] {
    var found: [(place: Int, pattern: Int)] = []
    for (index, pattern) in patterns.enumerated() {
      var start = 0
      while start < end, let place = pattern.firstPlace(in: bytes, from: start), place < end {
        found.append((place, index))
        start = place + 1
      }
    }
    if patterns.count > 1 { found.sort { ($0.place, $0.pattern) < ($1.place, $1.pattern) } }
    return found
  }
}
