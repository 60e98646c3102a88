/// A run of tokens of one document.
package struct SamplePiece: Equatable, Sendable {
  /// The document, as GPT-NeoX calls a sequence.
  package var document: Int
  /// The first token.
  package var offset: Int
  /// How many tokens; `nil` for all up to the document's end, which companions may have elsewhere.
  package var count: Int?

  /// Names a run of tokens.
  package init(document: Int, offset: Int, count: Int?) {
    self.document = document
    self.offset = offset
    self.count = count
  }
}

/// How samples of several datasets follow each other.
package protocol Blending: Sendable {
  /// How many samples there are.
  var count: Int { get }

  /// The dataset a sample comes from, and which one of its samples it is.
  ///
  /// - Precondition: `0 ≤ index < count`.
  subscript(index: Int) -> (dataset: Int, sample: Int) { get }

  /// How many of the first `count` samples come from a dataset.
  ///
  /// - Precondition: `0 ≤ count ≤ self.count`.
  func taken(from dataset: Int, first count: Int) -> Int

  /// Which sample is the one of a dataset with this number; `nil` where the blend ends before.
  func index(of sample: Int, from dataset: Int) -> Int?

  /// Keeps what was drawn in a file, where that saves time; with `all`, everything that there is.
  ///
  /// - Throws: `system` where nothing can be written.
  func keep(all: Bool) throws(IndexedDataError)
}

/// The order in which samples are drawn from a dataset: what sample `index` is made of.
package protocol SampleOrder: Sendable {
  /// How many samples there are.
  var count: Int { get }

  /// Appends the pieces of a sample, in order; together they may be shorter or longer than it.
  ///
  /// - Throws: `malformed` when stored maps hold what cannot be.
  func appendPieces(of index: Int, to pieces: inout [SamplePiece]) throws(IndexedDataError)

  /// Which samples of a range have a piece of a document, ascending.
  ///
  /// - Throws: what ``appendPieces(of:to:)`` throws.
  func samples(
    naming document: Int, in range: Range<Int>
  ) throws(IndexedDataError) -> [Int]
}
