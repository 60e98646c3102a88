internal import CMachine

/// Which documents the packings of whole documents leave out.
struct DocumentFilter {
  private let request: OrderRequest
  private let data: OrderData
  private let sizes: [Int32]
  private let negativeSizes: [Int32]?
  private let labels: Range<Int>
  private let labelDatasets: [IndexedDataset]
  // Whether every document is taken, whatever it holds.
  private let takesAll: Bool

  /// Looks at the labels at some places; by default at those that GPT-NeoX looks at.
  init(
    _ request: OrderRequest, _ data: OrderData, labels: Range<Int>? = nil
  ) throws(IndexedDataError) {
    var request = request
    // GPT-NeoX takes the first documents of the dataset, whatever part of it was asked for.
    if request.neoxQuirks { request.documents = 0..<request.documents.count }
    self.request = request
    self.data = data
    sizes = try data.text.sizes(of: request.documents)
    var negativeSizes: [Int32]?
    if let negative = data.negative { negativeSizes = try negative.sizes(of: request.documents) }
    self.negativeSizes = negativeSizes
    // GPT-NeoX looks at one label more where several documents share a sample.
    self.labels =
      labels ?? 0..<(request.sequenceLength + (request.packing == .packUntilOverflow ? 1 : 0))
    labelDatasets = [data.labels, data.negativeLabels].compactMap { $0 }
    takesAll = request.allowsChopping && labelDatasets.isEmpty
    guard !sizes.isEmpty else {
      throw .unsuitable(path: data.text.prefix, reason: "there is no document to draw from")
    }
  }

  /// How many documents there are to choose from.
  var count: Int { sizes.count }

  /// The number in the dataset of a document to choose.
  func document(_ choice: Int) -> Int { request.documents.lowerBound + choice }

  /// The length of a document, or of the longer one of a pair.
  func length(_ choice: Int) -> Int {
    Int(max(sizes[choice], negativeSizes?[choice] ?? 0))
  }

  /// Fetches the size of a document that will be looked at soon.
  func prefetch(_ choice: Int) {
    unsafe sizes.withUnsafeBufferPointer { sizes in
      guard let base = sizes.baseAddress else { return }
      unsafe cm_prefetch(base + choice)
    }
  }

  /// Why a document is left out.
  enum Reason {
    /// Its length, where documents are not cut.
    case length
    /// None of its labels in a sample is trained.
    case labels
  }

  /// Why the document is left out; `nil` where it is not.
  func reason(toSkip choice: Int) throws(IndexedDataError) -> Reason? {
    if takesAll { return nil }
    if !request.allowsChopping {
      let limit = request.sequenceLength + 1
      // GPT-NeoX's pairs packed until overflow are left out when they are short.
      let isInverted =
        request.neoxQuirks && data.negative != nil && request.packing == .packUntilOverflow
      let shorter = Int(min(sizes[choice], negativeSizes?[choice] ?? .max))
      if isInverted ? shorter < limit : length(choice) > limit { return .length }
    }
    let document = document(choice)
    for dataset in labelDatasets where try dataset.isMasked(document, at: labels) { return .labels }
    return nil
  }

  /// Why nothing was left, as an error.
  var nothingLeft: IndexedDataError {
    .unsuitable(
      path: data.text.prefix,
      reason: "none of \(count) documents can be trained on: all are"
        + (request.allowsChopping ? "" : " longer than \(request.sequenceLength + 1) tokens or")
        + " masked by their labels as far as a seq_length of \(request.sequenceLength) reaches")
  }
}
