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
        for (document, row) in zip(groups[index].members.map(\.document), rows) {
          results[document - documents.lowerBound] = row
        }
      }
    }
    return results.withLock { $0 }
  }
}

/// Documents that are computed together, one behind another.
struct DocumentGroup: Equatable {
  /// A document, and its rows in the group: its places, rounded up to a multiple of 16, since some
  /// libraries keep a kernel for each shape.
  struct Member: Equatable {
    var document: Int
    var rows: Range<Int>
  }

  var members: [Member] = []

  /// All rows of the group.
  var rowCount: Int { members.last?.rows.upperBound ?? 0 }

  /// Tokens that a group has at most, unless one document has more.
  static let tokenLimit = 4096

  /// Puts documents into groups in their order.
  static func groups(
    _ documents: Range<Int>, in text: ReferenceText
  ) throws(TrainError) -> [DocumentGroup] {
    var groups: [DocumentGroup] = []
    var group = DocumentGroup()
    for document in documents {
      let count = try text.count(of: document)
      guard count > 0 else { continue }
      let rows = min((count + 15) / 16 * 16, max(count, text.length))
      if !group.members.isEmpty, group.rowCount + rows > tokenLimit {
        groups.append(group)
        group = DocumentGroup()
      }
      group.members.append(
        Member(document: document, rows: group.rowCount..<group.rowCount + rows))
    }
    return group.members.isEmpty ? groups : groups + [group]
  }
}

/// A model on one thread, with memory for the largest group it has met.
private final class Worker: @unchecked Sendable {
  // Handed from thread to thread, never used by two at once.
  private let model: GPTNeoX
  private var space: ModelWorkspace?
  private var top: (tensors: TopLogits, memory: EngineMemory)?

  init(_ model: GPTNeoX) { self.model = model }

  /// Memory of a group's rows with its tokens.
  private func load(
    _ group: DocumentGroup, _ text: ReferenceText
  ) throws(TrainError) -> ModelWorkspace {
    let space: ModelWorkspace
    if let known = self.space {
      space = known
    } else {
      space = try model.makePackedWorkspace(training: false)
      self.space = space
    }
    try space.arrange(group.members.map { RowPart(rows: $0.rows) })
    var batch = Batch(rowCount: 1, columnCount: group.rowCount)
    for member in group.members {
      try text.write(
        member.document, count: member.rows.count, into: &batch, at: member.rows.lowerBound)
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
    for member in group.members {
      let count = try text.count(of: member.document)
      let first = member.rows.lowerBound
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
    let room = try roomForLogits(rows: text.length, count)
    model.forward(space)
    let engine = model.engine
    var found: [TokenDistribution] = []
    for member in group.members {
      // Padding has no logits.
      let positions = try text.count(of: member.document)
      let top = room.first(positions)
      let first = member.rows.lowerBound
      engine.topLogits(
        hidden: space.output.rows(first..<first + positions), weight: model.head.value,
        workspace: space.logits, into: top)
      let logSums = engine.numbers(of: top.logSums)
      if let position = logSums.firstIndex(where: { !$0.isFinite }) {
        throw .malformed(
          path: text.dataset.prefix, place: "document \(member.document), token \(position)",
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
