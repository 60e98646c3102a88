internal import Tokenize

/// Counts the bytes that predicted tokens stand for, those that end documents not counted.
struct TokenBytes {
  private(set) var count = 0
  private let lengths: [Int]

  init(_ tokenizer: any Tokenizer) {
    var text: [UInt8] = []
    lengths = (0..<tokenizer.vocabularySize).map { id in
      guard tokenizer.endOfDocument.map({ Int($0) }) != id else { return 0 }
      text.removeAll(keepingCapacity: true)
      tokenizer.appendBytes(of: TokenID(id), to: &text)
      return text.count
    }
  }

  mutating func add(_ batch: Batch) {
    for (label, mask) in zip(batch.labels, batch.lossMask)
    where mask != 0 && lengths.indices.contains(Int(label)) {
      count += lengths[Int(label)]
    }
  }
}
