internal import IndexedData

/// The documents of a dataset as a reference model is to read them.
struct ReferenceText {
  let dataset: IndexedDataset
  /// `seq_length`.
  let length: Int
  let vocabularySize: Int
  /// Whether places behind a document's end are computed too.
  let coversPadding: Bool

  /// Places of a document that get values.
  func count(of document: Int) throws(TrainError) -> Int {
    guard !coversPadding else { return length }
    do throws(IndexedDataError) { return min(try dataset.size(of: document), length) } catch {
      throw .dataset(error)
    }
  }

  /// Writes the first `count` places of a document into a batch, from a place on: tokens, and what
  /// follows each.
  ///
  /// Behind the document comes the first token of the next one, as GPT-NeoX's unpacked samples have
  /// it, or 0 with `coversPadding`, as its own companions have it.
  func write(
    _ document: Int, count places: Int, into batch: inout Batch, at first: Int
  ) throws(TrainError) {
    var ids = [Int32](repeating: 0, count: places + 1)
    do throws(IndexedDataError) {
      let size = try dataset.size(of: document)
      let count = min(size, ids.count)
      var span = ids.mutableSpan
      var part = span._mutatingExtracting(0..<count)
      try dataset.read(document, from: 0, into: &part)
      if count == size, count < ids.count, !coversPadding,
        let next = try dataset.firstToken(after: document)
      {
        ids[count] = Int32(clamping: next)
      }
    } catch {
      throw .dataset(error)
    }
    if let id = ids.first(where: { $0 < 0 || Int($0) >= vocabularySize }) {
      throw .malformed(
        path: dataset.elementsPath, place: "document \(document)",
        reason: "it has the token \(id), and the model's vocabulary ends at"
          + " \(vocabularySize - 1); is it another tokenizer's?")
    }
    for column in 0..<places {
      batch.tokens[first + column] = ids[column]
      batch.labels[first + column] = ids[column + 1]
    }
  }
}
