/// How documents become samples, by the names of GPT-NeoX's `pack_impl`.
package enum Packing: String, Sendable, CaseIterable {
  /// All documents one after another, cut every `S` tokens.
  case packed
  /// Whole documents, as many as fit into a sample.
  case packUntilOverflow = "pack_until_overflow"
  /// One document a sample.
  case unpacked
}

/// How far an order of samples must reach.
package enum OrderLength: Hashable, Sendable {
  /// At least this many samples; GPT-NeoX counts one less as its own than it can draw.
  case samples(Int)
  /// This many passes over the documents; only ``Packing/packed`` knows passes.
  case epochs(Int)
}

/// What an order of samples is made from, besides the data.
package struct OrderRequest: Hashable, Sendable {
  /// The sequences that are drawn from.
  package var documents: Range<Int>
  /// How many samples are wanted.
  package var length: OrderLength
  /// Tokens the model sees, `S`; a sample has one more.
  package var sequenceLength: Int
  /// Where the generator starts.
  package var seed: UInt32
  /// How documents become samples.
  package var packing: Packing
  /// Whether documents longer than a sample are used; ``Packing/packed`` always does.
  package var allowsChopping = true
  /// Whether known faults of GPT-NeoX are reproduced rather than mended.
  package var neoxQuirks = false

  /// Asks for an order.
  package init(
    documents: Range<Int>, length: OrderLength, sequenceLength: Int, seed: UInt32 = 1234,
    packing: Packing = .packed, allowsChopping: Bool = true, neoxQuirks: Bool = false
  ) {
    self.documents = documents
    self.length = length
    self.sequenceLength = sequenceLength
    self.seed = seed
    self.packing = packing
    self.allowsChopping = allowsChopping
    self.neoxQuirks = neoxQuirks
  }

  /// All of it, for the key of maps.
  var keyText: String {
    let wanted =
      switch length {
      case .samples(let count): "\(count) samples"
      case .epochs(let count): "\(count) epochs"
      }
    return "documents \(documents.lowerBound) to \(documents.upperBound), \(wanted),"
      + " length \(sequenceLength), seed \(seed), \(packing.rawValue), chopping \(allowsChopping),"
      + " quirks \(neoxQuirks)"
  }
}

/// The datasets an order is made from: one of text, or a pair of preferred and rejected ones.
package struct OrderData: Sendable {
  /// Text, or the preferred answers.
  package var text: IndexedDataset
  /// Labels of ``text``.
  package var labels: IndexedDataset?
  /// Rejected answers, document by document beside ``text``.
  package var negative: IndexedDataset?
  /// Labels of ``negative``.
  package var negativeLabels: IndexedDataset?

  /// Names the datasets.
  package init(
    text: IndexedDataset, labels: IndexedDataset? = nil, negative: IndexedDataset? = nil,
    negativeLabels: IndexedDataset? = nil
  ) {
    self.text = text
    self.labels = labels
    self.negative = negative
    self.negativeLabels = negativeLabels
  }

  /// All of them, the text first.
  var all: [IndexedDataset] { [text, labels, negative, negativeLabels].compactMap { $0 } }
}
