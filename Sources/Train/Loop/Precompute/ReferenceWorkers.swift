internal import Machine
internal import Synchronization

/// Models that compute log-probabilities side by side over the same weights, each on one thread.
///
/// How documents are grouped depends on their lengths alone and each group is computed by one thread,
/// so the values do not depend on how many threads there are.
final class ReferenceWorkers: Sendable {
  private let idle: Mutex<[Worker]>
  private let count: Int

  /// Makes the models.
  ///
  /// - Throws: ``TrainError`` when there is too little memory.
  init(_ model: GPTNeoX, count: Int) throws(TrainError) {
    var workers: [Worker] = []
    for _ in 0..<count {
      workers.append(
        Worker(try GPTNeoX(sharingWeightsOf: model, engine: CPUEngine(threads: 1))))
    }
    self.count = count
    idle = Mutex(workers)
  }

  /// The values of some documents, `seq_length` a document.
  ///
  /// - Throws: ``TrainError`` where they cannot be read.
  func values(of documents: Range<Int>, in text: ReferenceText) throws(TrainError) -> [[Float]] {
    let groups = try DocumentGroup.groups(documents, in: text)
    let results = Mutex([[Float]](repeating: [], count: documents.count))
    try WorkerPool.forEach(count: groups.count, workers: count, name: "reference") {
      (index) throws(TrainError) in
      let worker = idle.withLock { $0.removeLast() }
      defer { idle.withLock { $0.append(worker) } }
      let values = try worker.values(of: groups[index], in: text)
      results.withLock { results in
        for (document, row) in zip(groups[index].documents, values) {
          results[document - documents.lowerBound] = row
        }
      }
    }
    return results.withLock { $0 }
  }
}

/// Documents of about one length, which are computed together.
struct DocumentGroup: Equatable {
  /// Tokens of a row.
  var length: Int
  var documents: [Int]

  /// Tokens that a group has at most, unless one document has more.
  static let tokenLimit = 4096

  /// Sorts documents into groups, longest first, each padded by less than an eighth.
  static func groups(
    _ documents: Range<Int>, in text: ReferenceText
  ) throws(TrainError) -> [DocumentGroup] {
    var byLength: [Int: [Int]] = [:]
    for document in documents {
      let count = try text.count(of: document)
      if count > 0 { byLength[rounded(count, atMost: text.length), default: []].append(document) }
    }
    return byLength.sorted { $0.key > $1.key }.flatMap { length, documents in
      let size = max(1, tokenLimit / length)
      return stride(from: 0, to: documents.count, by: size).map {
        DocumentGroup(
          length: length, documents: Array(documents[$0..<min($0 + size, documents.count)]))
      }
    }
  }

  /// The next length of a short list: multiples of 16, then of ever larger powers of two.
  static func rounded(_ count: Int, atMost limit: Int) -> Int {
    var step = 16
    while step * 16 <= count { step *= 2 }
    return min((count + step - 1) / step * step, limit)
  }
}

/// A model on one thread, with memory for each shape it has met.
private final class Worker: @unchecked Sendable {
  // Handed from thread to thread, never used by two at once.
  private let model: GPTNeoX
  private var spaces: [Int: ModelWorkspace] = [:]

  init(_ model: GPTNeoX) { self.model = model }

  func values(
    of group: DocumentGroup, in text: ReferenceText
  ) throws(TrainError) -> [[Float]] {
    let rows = max(1, DocumentGroup.tokenLimit / group.length)
    let space: ModelWorkspace
    if let known = spaces[group.length] {
      space = known
    } else {
      space = try model.makeWorkspace(batch: rows, length: group.length, training: false)
      spaces[group.length] = space
    }
    var batch = Batch(rowCount: rows, columnCount: group.length)
    for (row, document) in group.documents.enumerated() {
      try text.write(document, into: &batch, row: row)
    }
    try model.load(batch, into: space)
    let scores = LabelScores(model: model, space: space).run(dropout: nil)
    var values: [[Float]] = []
    for (row, document) in group.documents.enumerated() {
      let count = try text.count(of: document)
      let first = row * group.length
      values.append(
        Array(scores[first..<first + count])
          + [Float](repeating: 0, count: text.length - count))
    }
    return values
  }
}
