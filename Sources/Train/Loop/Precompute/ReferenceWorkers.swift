internal import IndexedData
internal import Machine
internal import Synchronization

/// Models that compute log-probabilities or logits side by side over the same weights, each on one thread.
///
/// How documents are grouped depends on their lengths alone and each group is computed by one thread,
/// so the values do not depend on how many threads there are.
final class ReferenceWorkers: Sendable {
  private let idle: Mutex<[Worker]>
  let count: Int

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
    try rows(of: documents, in: text, empty: []) { (worker, group) throws(TrainError) in
      try worker.values(of: group, in: text)
    }
  }

  /// The `count` largest logits of each token of some documents.
  ///
  /// - Throws: ``TrainError`` where they cannot be read, or the model gives what is no number.
  func topLogits(
    of documents: Range<Int>, in text: ReferenceText, count: Int
  ) throws(TrainError) -> [TokenDistribution] {
    let empty = TokenDistribution(topCount: count, ids: [], logits: [], logSumExp: [])
    return try rows(of: documents, in: text, empty: empty) { (worker, group) throws(TrainError) in
      try worker.topLogits(of: group, in: text, count: count)
    }
  }

  /// Computes groups of documents side by side, and puts what each document got in its place.
  private func rows<Row: Sendable>(
    of documents: Range<Int>, in text: ReferenceText, empty: Row,
    _ compute: @Sendable (Worker, DocumentGroup) throws(TrainError) -> [Row]
  ) throws(TrainError) -> [Row] {
    let groups = try DocumentGroup.groups(documents, in: text)
    let results = Mutex([Row](repeating: empty, count: documents.count))
    try WorkerPool.forEach(count: groups.count, workers: count, name: "reference") {
      (index) throws(TrainError) in
      let worker = idle.withLock { $0.removeLast() }
      defer { idle.withLock { $0.append(worker) } }
      let rows = try compute(worker, groups[index])
      results.withLock { results in
        for (document, row) in zip(groups[index].documents, rows) {
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

  private var top: (tensors: TopLogits, memory: EngineMemory)?

  init(_ model: GPTNeoX) { self.model = model }

  /// Memory of a group's shape with its tokens.
  private func load(
    _ group: DocumentGroup, _ text: ReferenceText
  ) throws(TrainError) -> ModelWorkspace {
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
    return space
  }

  func values(
    of group: DocumentGroup, in text: ReferenceText
  ) throws(TrainError) -> [[Float]] {
    let space = try load(group, text)
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

  func topLogits(
    of group: DocumentGroup, in text: ReferenceText, count: Int
  ) throws(TrainError) -> [TokenDistribution] {
    let space = try load(group, text)
    let room = try roomForLogits(rows: max(DocumentGroup.tokenLimit, text.length), count)
    model.forward(space)
    let engine = model.engine
    var found: [TokenDistribution] = []
    for (row, document) in group.documents.enumerated() {
      // Padding has no logits.
      let positions = try text.count(of: document)
      let top = room.first(positions)
      let first = row * group.length
      engine.topLogits(
        hidden: space.output.rows(first..<first + positions), weight: model.head.value,
        workspace: space.logits, into: top)
      let logSums = engine.numbers(of: top.logSums)
      if let position = logSums.firstIndex(where: { !$0.isFinite }) {
        throw .malformed(
          path: text.dataset.prefix, place: "document \(document), token \(position)",
          reason: "the model's logits are no finite numbers; are its weights sound?")
      }
      var ids = [Int32](repeating: 0, count: top.ids.count)
      var span = ids.mutableSpan
      engine.read(top.ids, into: &span)
      found.append(
        TokenDistribution(
          topCount: count, ids: ids, logits: engine.numbers(of: top.logits), logSumExp: logSums))
    }
    return found
  }

  private func roomForLogits(rows: Int, _ count: Int) throws(TrainError) -> TopLogits {
    if let top, top.tensors.ids.shape == [rows, count] { return top.tensors }
    let room = try model.engine.place { TopLogits(rows: rows, count: count, &$0) }
    top = room
    return room.tensors
  }
}
