internal import IndexedData

/// Cuts the tokens of a dataset into windows for a model, so that every token is predicted once.
///
/// A window moves on by `stride` tokens; where that is less than its length, the first tokens of a
/// window were predicted in the one before and are context only. The first token of a text has no
/// context and is not predicted.
struct EvaluationWindows {
  private let dataset: IndexedDataset
  private let length: Int
  private let stride: Int
  private let vocabularySize: Int
  /// The sequences of each text.
  private var texts: ArraySlice<Range<Int>>
  private var text = 0..<0
  /// Elements of the first sequence of `text` that were read.
  private var offset = 0
  private var isOpen = false
  /// Tokens from the window's first on.
  private var tokens: [Int32] = []
  /// Predictions at the window's beginning that were counted before.
  private var countedBefore = 0

  /// Begins at the first document.
  ///
  /// - Parameters:
  ///   - dataset: what is evaluated.
  ///   - length: tokens of a window.
  ///   - stride: 1 up to `length`.
  ///   - vocabularySize: tokens that the model knows.
  ///   - separatesDocuments: whether a document is a text; else all documents are one, one after
  ///     another, as training packs them.
  /// - Throws: ``TrainError`` where the dataset cannot be read.
  init(
    _ dataset: IndexedDataset, length: Int, stride: Int, vocabularySize: Int,
    separatesDocuments: Bool
  ) throws(TrainError) {
    self.dataset = dataset
    self.vocabularySize = vocabularySize
    self.length = length
    self.stride = stride
    guard separatesDocuments, dataset.hasDocumentBoundaries else {
      texts = [0..<dataset.sequenceCount]
      return
    }
    var texts: [Range<Int>] = []
    do throws(IndexedDataError) {
      for document in 0..<dataset.documentCount {
        texts.append(try dataset.sequences(ofDocument: document))
      }
    } catch { throw .dataset(error) }
    self.texts = texts[...]
  }

  /// Writes the next window into a row of a batch; returns how many predictions count, 0 at the end.
  mutating func next(into batch: inout Batch, row: Int) throws(TrainError) -> Int {
    while true {
      if !isOpen {
        guard let next = texts.popFirst() else { return 0 }
        text = next
        offset = 0
        tokens.removeAll(keepingCapacity: true)
        countedBefore = 0
        isOpen = true
      }
      try fill()
      let count = max(0, min(tokens.count - 1, length))
      let isLast = tokens.count <= length + 1 && text.isEmpty
      let fresh = max(0, count - countedBefore)
      if fresh > 0 { write(count, into: &batch, row: row) }
      if isLast {
        isOpen = false
      } else {
        tokens.removeFirst(min(stride, tokens.count))
        countedBefore = length - stride
      }
      if fresh > 0 { return fresh }
    }
  }

  /// Clears a row: nothing in it counts.
  static func clear(_ batch: inout Batch, row: Int) {
    for place in row * batch.columnCount..<(row + 1) * batch.columnCount {
      batch.tokens[place] = 0
      batch.labels[place] = 0
      batch.lossMask[place] = 0
    }
  }

  private func write(_ count: Int, into batch: inout Batch, row: Int) {
    Self.clear(&batch, row: row)
    let first = row * batch.columnCount
    for place in 0..<count {
      batch.tokens[first + place] = tokens[place]
      batch.labels[first + place] = tokens[place + 1]
      batch.lossMask[first + place] = place < countedBefore ? 0 : 1
    }
  }

  /// Reads until a whole window and the token behind it are there, or the text ends.
  private mutating func fill() throws(TrainError) {
    // One token more tells whether the text goes on behind the window.
    while tokens.count < length + 2, let sequence = text.first {
      let (ids, isWhole) = try read(sequence)
      if let id = ids.first(where: { $0 < 0 || Int($0) >= vocabularySize }) {
        throw .malformed(
          path: dataset.elementsPath, place: "sequence \(sequence)",
          reason: "it has the token \(id), and the model's vocabulary ends at"
            + " \(vocabularySize - 1); is it another tokenizer's?")
      }
      tokens += ids
      offset += ids.count
      if isWhole {
        text.removeFirst()
        offset = 0
      }
    }
  }

  /// As many tokens as are missing, and whether the sequence ends with them.
  private func read(_ sequence: Int) throws(TrainError) -> (ids: [Int32], isWhole: Bool) {
    do throws(IndexedDataError) {
      let rest = try dataset.size(of: sequence) - offset
      var ids = [Int32](repeating: 0, count: min(rest, length + 2 - tokens.count))
      var span = ids.mutableSpan
      try dataset.read(sequence, from: offset, into: &span)
      return (ids, ids.count == rest)
    } catch { throw .dataset(error) }
  }
}
