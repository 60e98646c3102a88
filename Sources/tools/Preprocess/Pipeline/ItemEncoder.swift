import Machine
import Tokenize

/// Turns items into tokens; each worker owns one.
final class ItemEncoder {
  private let plan: EncodingPlan
  private let prefix: [TokenID]
  private let suffix: [TokenID]
  private let outputs: [KeyBuffer]
  private var reader: RecordReader
  private var cache: WordCache
  private var faults: [ItemResult.Refusal] = []
  private var piece: ItemResult.Piece?
  /// The rest of a record is passed over after one of its texts was refused.
  private var isRefused = false

  /// The documents of one wanted member while an item is worked on.
  private final class KeyBuffer {
    var ids = TokenBuffer(capacity: 1 << 16)
    var lengths: [Int32] = []
    var appendedEnds = 0
  }

  init(_ plan: EncodingPlan) {
    self.plan = plan
    prefix = plan.tokenizer.documentPrefix
    suffix = plan.tokenizer.documentSuffix
    outputs = plan.reading.keys.map { _ in KeyBuffer() }
    reader = RecordReader(plan.reading)
    cache = plan.tokenizer.makeCache(byteBudget: plan.memory.cacheBytes)
  }

  /// Reads and encodes an item.
  func encode(_ item: WorkItem) throws(PreprocessError) -> ItemResult {
    faults.removeAll()
    piece = nil
    switch item.shape {
    case .piece(let part, let key, _, _, _), .uncuttable(_, let part, let key):
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
    var result = ItemResult(tag: item.tag, bytes: plan.buffers.take())
    result.counts = counts
    result.faults = faults
    result.piece = piece
    for output in outputs {
      let start = result.bytes.count
      let seen = TokenBytes.append(
        output.ids.ids, width: plan.tokenWidth, counting: plan.tokenizer.endOfDocument,
        to: &result.bytes)
      result.outputs.append(
        .init(
          bytes: start..<result.bytes.count, lengths: output.lengths, seen: seen,
          appendedEnds: output.appendedEnds))
    }
    return result
  }

  private func take(_ document: borrowing DocumentView) {
    let part = document.part
    if document.key == 0 { isRefused = false }
    guard !isRefused else { return }
    let output = outputs[document.key]
    let start = output.ids.count
    if part.isFirst { append(prefix, to: output) }
    do {
      try plan.tokenizer.encode(
        document.text, atStart: part.isFirst, into: &output.ids, cache: &cache)
    } catch {
      refuse(document, start, error)
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
    output.lengths.append(Int32(truncatingIfNeeded: output.ids.count - start))
  }

  private func append(_ ids: [TokenID], to output: KeyBuffer) {
    for id in ids { output.ids.append(id) }
  }

  /// Takes back what the record has given so far.
  private func refuse(_ document: borrowing DocumentView, _ start: Int, _ error: TokenizeError) {
    outputs[document.key].ids.truncate(to: start)
    if piece == nil {
      for output in outputs[..<document.key] {
        guard let length = output.lengths.popLast() else { continue }
        output.ids.truncate(to: output.ids.count - Int(length))
        if plan.endOfDocument != nil && length > 0 { output.appendedEnds -= 1 }
      }
    }
    isRefused = true
    var error = error
    if case .specialText(let text, let offset) = error {
      error = .specialText(text, offset: document.textByte + offset)
    }
    let fault = Fault(
      place: document.place, reason: error.description, record: document.rawRecord())
    faults.append(.init(fault: fault, isSpecialText: true))
  }
}
