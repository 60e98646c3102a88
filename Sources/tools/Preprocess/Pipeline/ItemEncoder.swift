import Machine
import Tokenize

/// Turns items into tokens; each worker owns one.
final class ItemEncoder {
  private let plan: EncodingPlan
  private let prefix: [TokenID]
  private let suffix: [TokenID]
  /// One for each track.
  private let outputs: [TrackBuffer]
  /// The place of each wanted member's text among the tracks.
  private let texts: [Int]
  private var structured: StructuredEncoder
  private var reader: RecordReader
  private var cache: WordCache
  private var faults: [ItemResult.Refusal] = []
  private var piece: ItemResult.Piece?
  /// Where the documents came from, where that is wanted.
  private var sources = ItemSources()
  private let idReader: IDReader?
  /// The rest of a record is passed over after one of its texts was refused.
  private var isRefused = false

  /// The documents of one dataset while an item is worked on.
  private final class TrackBuffer {
    var ids = TokenBuffer(capacity: 1 << 16)
    var lengths: [Int32] = []
    var appendedEnds = 0
  }

  init(_ plan: EncodingPlan) {
    self.plan = plan
    prefix = plan.tokenizer.documentPrefix
    suffix = plan.tokenizer.documentSuffix
    outputs = plan.tracks.map { _ in TrackBuffer() }
    texts = plan.tracks.indices.filter { plan.tracks[$0].kind == .text }
    structured = StructuredEncoder(plan)
    idReader = plan.sources?.idKey.map { IDReader(key: $0) }
    reader = RecordReader(plan.reading)
    cache = plan.tokenizer.makeCache(byteBudget: plan.memory.cacheBytes)
  }

  /// Reads and encodes an item.
  func encode(_ item: WorkItem) throws(PreprocessError) -> ItemResult {
    faults.removeAll()
    piece = nil
    sources.removeAll()
    switch item.shape {
    case .piece(let part, let key, _, _, _, _), .uncuttable(_, let part, let key):
      piece = .init(part: part, key: key)
      // A piece is an item of its own; whoever commits it knows what became of those before.
      isRefused = false
    default: break
    }
    for output in outputs {
      output.ids.truncate(to: 0)
      output.lengths.removeAll(keepingCapacity: true)
      output.appendedEnds = 0
    }
    let counts = try reader.forEachDocument(in: item) { document in
      take(document)
    } onFault: { fault in
      faults.append(.init(fault: fault, isSpecialText: false))
    }
    if case .afterTokens(let pattern) = plan.supervision { label(pattern) }
    var result = ItemResult(tag: item.tag, bytes: plan.buffers.take())
    result.counts = counts
    result.faults = faults
    result.piece = piece
    result.sources = sources
    result.pairs = structured.takePairs()
    result.conversations = structured.takeConversations()
    let isStructured = plan.supervision.isStructured
    for (track, output) in zip(plan.tracks, outputs) {
      let start = result.bytes.count
      var seen = TokenBytes.append(
        output.ids.ids, width: plan.tokenWidth,
        counting: track.kind == .text && !isStructured ? plan.tokenizer.endOfDocument : nil,
        to: &result.bytes)
      if track.kind != .text { seen.largest = 0 }
      result.outputs.append(
        .init(
          bytes: start..<result.bytes.count, lengths: output.lengths, seen: seen,
          appendedEnds: output.appendedEnds,
          supervision: track.kind == .labels ? supervision(output) : nil))
    }
    return result
  }

  /// Makes the labels of the texts that were read.
  private func label(_ pattern: [TokenID]) {
    for index in texts {
      let (text, labels) = (outputs[index], outputs[index + 1])
      var start = 0
      for length in text.lengths {
        let range = start..<start + Int(length)
        LabelRule.append(labelsOf: text.ids.ids, range, pattern: pattern, to: &labels.ids)
        start = range.upperBound
      }
      labels.lengths = text.lengths
    }
  }

  private func supervision(_ output: TrackBuffer) -> SupervisionCounts {
    var counts = SupervisionCounts()
    var start = 0
    for length in output.lengths {
      let range = start..<start + Int(length)
      counts.add(labels: output.ids.ids, range, limit: plan.sampleLimit)
      start = range.upperBound
    }
    return counts
  }

  /// Encodes a record that is a conversation or a pair.
  private func takeRecord(_ document: borrowing DocumentView) {
    let values: [[UInt32]]
    do throws(RecordRefusal) {
      try idReader?.read(document)
      values = try structured.values(of: document.text, cache: &cache)
    } catch {
      let place = RecordPlace(
        stream: document.place.stream, byte: document.place.byte + error.offset,
        linesBefore: document.place.linesBefore)
      let fault = Fault(place: place, reason: error.reason, record: document.rawRecord())
      faults.append(.init(fault: fault, isSpecialText: error.isSpecialText))
      return
    }
    for (output, row) in zip(outputs, values) {
      for value in row { output.ids.append(value) }
      output.lengths.append(Int32(truncatingIfNeeded: row.count))
    }
    if plan.sources != nil { sources.append(document.place, idReader) }
  }

  private func take(_ document: borrowing DocumentView) {
    let part = document.part
    if document.key == 0 { isRefused = false }
    if plan.supervision.isStructured { return takeRecord(document) }
    guard !isRefused else { return }
    let output = outputs[texts[document.key]]
    let start = output.ids.count
    if part == .whole && document.key == 0 || part.isLast && piece != nil {
      do {
        try idReader?.read(document)
      } catch {
        return refuse(document, start, isEnded: false, error)
      }
    }
    if part.isFirst { append(prefix, to: output) }
    do {
      try plan.tokenizer.encode(
        document.text, atStart: part.isFirst, into: &output.ids, cache: &cache)
    } catch {
      refuse(document, start, isEnded: false, error.inDocument(at: document.textByte))
      return
    }
    if part.isLast {
      append(suffix, to: output)
      // A document without any token stays one: GPT-NeoX would fail here.
      if let end = plan.endOfDocument, part == .last || output.ids.count > start {
        output.ids.append(end)
        output.appendedEnds += 1
      }
    }
    if case .afterTokens(let pattern) = plan.supervision, plan.unsupervised == .error {
      let range = start..<output.ids.count
      let masked = LabelRule.maskedCount(of: output.ids.ids, range, pattern: pattern)
      if !range.isEmpty, masked == range.count {
        let isEnded = plan.endOfDocument != nil
        return refuse(document, start, isEnded: isEnded, Self.unsupervised(plan, document.key))
      }
    }
    output.lengths.append(Int32(truncatingIfNeeded: output.ids.count - start))
    if plan.sources != nil, part.isLast, document.key == plan.reading.keys.count - 1 {
      sources.append(document.place, idReader)
    }
  }

  private static func unsupervised(_ plan: EncodingPlan, _ key: Int) -> RecordRefusal {
    RecordRefusal(
      "\"\(plan.reading.keys[key])\": nothing follows the tokens of --mask-before-token, so that no "
        + "token would be trained on (--unsupervised keep writes it all the same)")
  }

  private func append(_ ids: [TokenID], to output: TrackBuffer) {
    for id in ids { output.ids.append(id) }
  }

  /// Takes back what the record has given so far.
  private func refuse(
    _ document: borrowing DocumentView, _ start: Int, isEnded: Bool, _ refusal: RecordRefusal
  ) {
    let refused = outputs[texts[document.key]]
    refused.ids.truncate(to: start)
    if isEnded { refused.appendedEnds -= 1 }
    if piece == nil {
      for output in texts[..<document.key].map({ outputs[$0] }) {
        guard let length = output.lengths.popLast() else { continue }
        output.ids.truncate(to: output.ids.count - Int(length))
        if plan.endOfDocument != nil && length > 0 { output.appendedEnds -= 1 }
      }
    }
    isRefused = true
    let fault = Fault(
      place: document.place, reason: refusal.reason, record: document.rawRecord())
    faults.append(.init(fault: fault, isSpecialText: refusal.isSpecialText))
  }
}

extension TokenizeError {
  /// The same as a refusal, its offset counted from the start of a document.
  fileprivate func inDocument(at start: Int) -> RecordRefusal {
    var error = self
    if case .specialText(let text, let offset) = error {
      error = .specialText(text, offset: start + offset)
    }
    var refusal = RecordRefusal(error.description)
    refusal.isSpecialText = true
    return refusal
  }
}
