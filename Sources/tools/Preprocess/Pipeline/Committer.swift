import IndexedData
import Machine
import Tokenize

/// Puts the workers' results into the datasets, in input order, and keeps the books.
struct Committer: ~Copyable {
  private(set) var state: RunState
  /// The first records that were passed over, each with its place and the reason.
  private(set) var firstSkipped: [String] = []
  /// Records passed over since the committer was made.
  private(set) var skippedCount = 0
  private let transaction: DatasetTransaction
  private var ledger: LineLedger
  private var clock = Stopwatch()
  private let recipe: Recipe
  private let plan: EncodingPlan
  private let checkpointSeconds: Double

  /// Continues a transaction at a state.
  init(
    _ transaction: DatasetTransaction, state: RunState, recipe: Recipe, plan: EncodingPlan,
    checkpointSeconds: Double
  ) {
    self.transaction = transaction
    self.state = state
    self.recipe = recipe
    self.plan = plan
    self.checkpointSeconds = checkpointSeconds
    ledger = LineLedger(startingAt: state.position)
  }

  /// Takes in the next item.
  ///
  /// - Throws: ``PipelineError/fault(place:reason:)`` before anything of the item is taken in.
  mutating func commit(_ result: consuming ItemResult) throws(PipelineError) {
    var result = result
    for output in result.outputs where output.seen.largest > plan.largestID {
      throw .idTooLarge(
        output.seen.largest, width: plan.tokenWidth,
        vocabularySize: plan.tokenizer.vocabularySize)
    }
    var isRefused = false
    if let piece = result.piece {
      isRefused = try commitPiece(piece, result)
    } else {
      try settle(result.faults, of: result.tag)
      for index in result.outputs.indices { try append(index, result) }
      try noteSources(result)
      state.counts.written += result.counts.read - result.counts.empty - result.faults.count
    }
    state.pairs.add(result.pairs)
    state.conversations.add(result.conversations)
    state.counts.read += result.counts.read
    state.counts.empty += result.counts.empty
    state.position = ledger.finish(result.tag, lines: result.counts.lines)
    if isRefused { try abandonDocuments() }
    plan.buffers.give(result.takeBytes())
    if clock.seconds >= checkpointSeconds { try checkpoint() }
  }

  /// Makes everything committed so far durable, so that another run can continue here.
  mutating func checkpoint() throws(PipelineError) {
    let position = state.storedBytes
    try inDataset { () throws(IndexedDataError) in try transaction.checkpoint(position: position) }
    clock.restart()
  }

  // MARK: - Documents

  private mutating func append(_ index: Int, _ result: borrowing ItemResult) throws(PipelineError) {
    let output = result.outputs[index]
    do {
      try transaction.append(
        output: index, elements: result.bytes.bytes.extracting(output.bytes),
        documentSizes: output.lengths.span)
    } catch {
      throw .dataset(error)
    }
    state.outputs[index].add(output, tokenWidth: plan.tokenWidth)
  }

  // MARK: - Long documents

  /// Takes in a piece of a long record, whose texts come one wanted member after another; returns
  /// whether the record is refused with it.
  private mutating func commitPiece(
    _ piece: ItemResult.Piece, _ result: borrowing ItemResult
  ) throws(PipelineError) -> Bool {
    if piece.part.isFirst && piece.key == 0 { state.isAbandoning = false }
    if !state.isAbandoning && !result.faults.isEmpty {
      try settle(result.faults, of: result.tag)
      return true
    }
    guard !state.isAbandoning else { return false }
    let output = result.outputs[piece.key]
    do {
      try transaction.extendSequence(
        output: piece.key, elements: result.bytes.bytes.extracting(output.bytes))
    } catch {
      throw .dataset(error)
    }
    state.outputs[piece.key].addPiece(output, tokenWidth: plan.tokenWidth)
    guard piece.part.isLast && piece.key == recipe.keys.count - 1 else { return false }
    try endDocuments()
    try noteSources(result)
    state.counts.written += 1
    return false
  }

  /// Takes back what there is of a refused record, once the books tell of the refusal.
  private mutating func abandonDocuments() throws(PipelineError) {
    state.isAbandoning = true
    for index in state.outputs.indices { state.outputs[index].open = .init() }
    let position = state.storedBytes
    try inDataset { () throws(IndexedDataError) in
      try transaction.abandonDocuments(position: position)
    }
  }

  private mutating func endDocuments() throws(PipelineError) {
    for index in state.outputs.indices {
      let hasTokens = state.outputs[index].open.tokens > 0
      try inDataset { () throws(IndexedDataError) in
        if hasTokens { try transaction.endSequence(output: index) }
        try transaction.endDocument(output: index)
      }
      state.outputs[index].closeDocument()
    }
  }

  /// Appends where documents came from to the file of every text.
  private mutating func noteSources(_ result: borrowing ItemResult) throws(PipelineError) {
    guard let sources = plan.sources, !result.sources.documents.isEmpty else { return }
    let tag = result.tag
    let line = ledger.firstLine(of: tag)
    let members = tag.members
    for document in result.sources.documents {
      let entry = SourceEntry(
        file: tag.input - sources.inputs.lowerBound,
        stream: tag.firstStream + document.place.stream,
        member: members[document.place.stream],
        byte: document.place.byte, line: line + document.place.linesBefore)
      let id = document.id.map { result.sources.ids[$0] }
      guard let block = state.sources?.append(entry, id: id) else { continue }
      try appendSources(block)
    }
  }

  private func appendSources(_ bytes: [UInt8]) throws(PipelineError) {
    try inDataset { () throws(IndexedDataError) in
      for place in plan.sourcePlaces {
        try unsafe transaction.appendAuxiliary(place, bytes.span.bytes)
      }
    }
  }

  // MARK: - Faults

  private mutating func settle(
    _ faults: [ItemResult.Refusal], of tag: ItemTag
  ) throws(PipelineError) {
    // Seen to before anything is counted or kept: where the run stops, the item leaves no trace.
    for refusal in faults where policy(of: refusal) == .stop {
      let place = ledger.place(of: refusal.fault.place, in: tag)
      let reason = refusal.fault.reason
      guard refusal.fault.isMissingMember, isFirst(refusal.fault) else {
        throw .fault(place: place.description, reason: reason)
      }
      throw .missingMember(place: place.description, reason: reason)
    }
    for refusal in faults {
      let place = ledger.place(of: refusal.fault.place, in: tag)
      guard policy(of: refusal) == .quarantine else {
        if firstSkipped.count < 3 { firstSkipped.append("\(place): \(refusal.fault.reason)") }
        skippedCount += 1
        state.counts.skipped += 1
        continue
      }
      try Quarantine.write(refusal.fault, at: place) { (bytes) throws(PipelineError) in
        try inDataset { () throws(IndexedDataError) in
          try unsafe transaction.appendAuxiliary(0, bytes.span.bytes)
        }
      }
      state.counts.quarantined += 1
    }
  }

  /// Whether a record is the first of the inputs, where each is a line.
  private func isFirst(_ fault: Fault) -> Bool {
    state.counts.read == 0 && fault.place.linesBefore == 0
  }

  private func policy(of refusal: ItemResult.Refusal) -> ErrorPolicy {
    refusal.isSpecialText && recipe.specialPolicy == .quarantine
      ? .quarantine : recipe.errorPolicy
  }
}

/// Does something with datasets.
func inDataset<Value>(
  _ body: () throws(IndexedDataError) -> Value
) throws(PipelineError) -> Value {
  do {
    return try body()
  } catch {
    throw .dataset(error)
  }
}
