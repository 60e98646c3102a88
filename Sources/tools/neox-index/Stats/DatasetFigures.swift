import CommandLineKit
import IndexedData
import Machine
import Preprocess
import Tokenize

/// A dataset that was read through: what `stats` prints and `report` draws.
struct DatasetFigures {
  /// What is needed beside the dataset's own files.
  struct Request {
    /// The tokenizer, where one is known.
    var tokenizer: (any Tokenizer)?
    /// Entries of the vocabulary, where that is known.
    var vocabularySize: Int?
    /// The id that ends documents, where that is known.
    var endOfDocument: Int64?
    /// The labels, where there are some.
    var labels: IndexedDataset?
    /// How many of the most frequent tokens are wanted.
    var keeping: Int
    var workers: Int
    var progress = ProgressStyle.off

    /// Takes the tokenizer and the companions that were named, else what lies beside the dataset.
    init(
      for prefix: String, _ flags: TokenizerFlags, labels: String?, endOfDocument: Int?,
      keeping: Int, workers: Int
    ) throws {
      let manifest = try DatasetManifest(besideDataset: prefix)
      let companions = try Companions(besideDataset: prefix, manifest: manifest)
      tokenizer = try flags.load(forText: prefix)
      // Of another tokenizer than the manifest's, the manifest knows nothing.
      let recorded = flags.kind == nil && companions.kind == .text ? manifest : nil
      vocabularySize = tokenizer?.vocabularySize ?? recorded?.vocabularySize
      self.endOfDocument =
        endOfDocument.map { Int64($0) } ?? tokenizer?.endOfDocument.map { Int64($0) }
        ?? recorded?.endOfDocument.map { Int64($0) }
      self.labels =
        try labels.map { path in try naming("--label-dataset") { try openDataset(path) } }
        ?? companions.labels.map { try openDataset($0.prefix) }
        ?? openCompanion("label", ofArchive: prefix)
      self.keeping = keeping
      self.workers = workers
    }

    /// What a configuration names.
    init(
      _ tokenizer: (any Tokenizer)?, labels: IndexedDataset?, keeping: Int, workers: Int
    ) {
      self.tokenizer = tokenizer
      vocabularySize = tokenizer?.vocabularySize
      endOfDocument = tokenizer?.endOfDocument.map { Int64($0) }
      self.labels = labels
      self.keeping = keeping
      self.workers = workers
    }
  }

  /// Which percentiles of lengths are told.
  static let percentages = [1, 5, 25, 50, 75, 95, 99]

  let dataset: IndexedDataset
  let tokenizer: (any Tokenizer)?
  let vocabularySize: Int?
  let labels: IndexedDataset?
  let lengths: LengthCounts
  /// The lengths at ``percentages``.
  let percentiles: [Int]
  let tokens: TokenCounts
  let marks: DocumentMarks

  /// Reads a dataset through.
  ///
  /// - Throws: where it holds no ids, labels do not fit, or a signal that is listened to ends it.
  init(_ dataset: IndexedDataset, _ request: Request) throws {
    self.dataset = dataset
    tokenizer = request.tokenizer
    vocabularySize = request.vocabularySize
    labels = request.labels
    if let labels { try dataset.requireFit(of: labels) }
    let line = ProgressLine(style: request.progress)
    defer { line.interrupt() }
    tokens = try TokenCounts(
      dataset, keeping: request.keeping, watching: request.endOfDocument, workers: request.workers,
      interruption: .process
    ) { done, total in
      line.update(Progress(activity: "counting", bytes: done, totalBytes: total))
    }
    lengths = try LengthCounts(dataset, of: .documents)
    percentiles = try lengths.percentiles(Self.percentages)
    marks = try DocumentMarks(
      dataset, endOfDocument: request.endOfDocument, labels: labels, workers: request.workers,
      interruption: .process)
  }

  /// Documents; sequences where the index does not tell them apart.
  var documentCount: Int { dataset.tendedDocumentCount }

  /// The mean length of documents, with one place behind the point.
  var meanLength: String {
    let text = fixed(lengths.mean, 1)
    guard let whole = Int(text.dropLast(2)) else { return text }
    return grouped(whole) + text.suffix(2)
  }

  /// What a token stands for, with nothing hidden; `nil` where that is not known.
  func text(of id: Int64) -> String? {
    guard let text = TokenRow(id: id, tokenizer: tokenizer).text, !text.isEmpty else { return nil }
    return text
  }

  /// A share of the tokens, from 0 to 1.
  func share(_ count: Int) -> Double { Self.share(count, of: tokens.total) }

  static func share(_ count: Int, of all: Int) -> Double {
    all == 0 ? 0 : Double(count) / Double(all)
  }
}

/// `0.1234` as `12.34%`; what is not none is never shown as 0.
func percentage(_ share: Double, _ digits: Int = 1) -> String {
  let text = fixed(100 * share, digits) + "%"
  guard share > 0, text == fixed(0, digits) + "%" else { return text }
  return "<0." + String(repeating: "0", count: max(0, digits - 1)) + "1%"
}
