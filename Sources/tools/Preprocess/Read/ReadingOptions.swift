package import Machine

/// How inputs are read.
package struct ReadingOptions: Sendable {
  /// The members of JSON records that are wanted, each for a dataset of its own; no name twice.
  package var keys: [String]
  /// How documents lie in the inputs.
  package var format = InputFormat.auto
  /// Whether blank lines between JSON lines are passed over instead of being faults.
  package var skipsBlankLines = false
  /// Bytes of an ordinary work item, about.
  package var itemBytes = 2 << 20
  /// Longer texts that are all of a plain file are cut into pieces as they are read.
  ///
  /// The same for all numbers of workers: of two faults in such a text the first counts, in another bytes
  /// that are no UTF-8.
  package var textLimit = 512 << 10
  /// Longer records are read in pieces, twice.
  package var recordLimit = 8 << 20
  /// Bytes of text that may be searched for a place to cut a long document.
  package var pieceLimit = 64 << 20
  /// What to do so that a number of bytes may be searched, for messages.
  package var roomFor: @Sendable (Int) -> String = { "allow \($0) bytes" }
  /// A folder for unnamed temporary files that hold one long record of a compressed stream.
  package var spoolFolder: String
  /// The last place where text can be cut without changing its tokens; 0 where there is none.
  package var safeCut: @Sendable (RawSpan) -> Int
  /// Gets told how a stream was understood where another understanding is likely.
  package var note: @Sendable (String) -> Void = { _ in }

  /// Whether compression is taken off by a thread of its own, ahead of whoever wants what comes out.
  package var readsAhead = false

  /// An input that is read ahead already.
  package var early: EarlyStream?

  /// Whether a record is handed over as a whole, however long, and never in pieces.
  package var keepsRecordsWhole = false
  /// Whether records of JSON are handed over as they are stored, as text of the first key, instead of
  /// the texts of their members.
  package var givesRecords = false

  /// A wish to stop, which ends the waiting for a pipe that gives nothing.
  package var interruption: Interruption?

  /// The members that a scan of a record must find.
  var scannedKeys: [[UInt8]] { givesRecords ? [] : keys.map { Array($0.utf8) } }

  /// Makes options with the usual sizes.
  package init(
    keys: [String] = ["text"], spoolFolder: String = "/tmp",
    safeCut: @escaping @Sendable (RawSpan) -> Int
  ) {
    self.keys = keys
    self.spoolFolder = spoolFolder
    self.safeCut = safeCut
  }
}
