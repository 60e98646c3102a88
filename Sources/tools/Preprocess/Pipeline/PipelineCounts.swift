/// What a run has done so far.
///
/// Nothing is lost silently: `read = written + empty + skipped + quarantined`.
package struct PipelineCounts: Equatable, Sendable {
  /// Records in the input.
  package var read = 0
  /// Records that became documents of the output.
  package var written = 0
  /// Records without text, which GPT-NeoX passes over too.
  package var empty = 0
  /// Faulty records passed over at the user's wish.
  package var skipped = 0
  /// Faulty records kept in the quarantine file.
  package var quarantined = 0

  /// Makes counts of zero.
  package init() {}

  /// Whether every record is accounted for.
  package var addUp: Bool { read == written + empty + skipped + quarantined }

  /// Whether no record was faulty.
  package var hasNoFaults: Bool { skipped == 0 && quarantined == 0 }

  /// One line for people.
  package var sentence: String {
    "read \(read) = written \(written) + empty \(empty) + skipped \(skipped) + quarantined "
      + "\(quarantined)"
  }
}
