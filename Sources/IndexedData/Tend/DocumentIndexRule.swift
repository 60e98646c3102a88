/// What the entries of a document index must be, shown to it one after the other.
///
/// They begin with 0, never fall and end with the number of sequences. Where there are as many
/// documents as sequences, each has one, as in all that GPT-NeoX writes.
struct DocumentIndexRule {
  private let sequenceCount: Int64
  private let entryCount: Int
  private let isPlain: Bool
  private var entry = 0
  private var last: Int64 = 0

  /// The rule for an index of `sequenceCount` sequences and `entryCount` document entries; as many
  /// documents may have any sequences where `asGPTNeoXWrites` is not set, as parts of a dataset do.
  init(sequenceCount: Int, entryCount: Int, asGPTNeoXWrites: Bool = true) {
    self.sequenceCount = Int64(sequenceCount)
    self.entryCount = entryCount
    isPlain = asGPTNeoXWrites && entryCount - 1 == sequenceCount
  }

  /// Judges the next entry: what it should have been, or `nil` where it is right.
  mutating func expectation(for found: Int64) -> String? {
    defer {
      entry += 1
      last = min(max(last, found), sequenceCount)
    }
    if entry == 0 { return found == 0 ? nil : "0" }
    if entry == entryCount - 1 { return found == sequenceCount ? nil : "\(sequenceCount)" }
    if isPlain { return found == Int64(entry) ? nil : "\(entry), a sequence a document" }
    return (last...sequenceCount).contains(found) ? nil : "\(last) to \(sequenceCount)"
  }
}
