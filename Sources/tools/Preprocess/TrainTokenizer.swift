internal import Glibc
package import Machine
package import Tokenize

/// Learns a byte-level vocabulary from documents and writes its files.
package struct VocabularyTraining: Sendable {
  /// What becomes of a record that is no document.
  package enum Faults: String, CaseIterable, Sendable {
    /// It ends the work.
    case stop
    /// It is counted and passed over.
    case skip
  }

  /// The inputs.
  package var inputs: InputList
  /// The members of JSON records whose texts are learned from.
  package var keys = ["text"]
  /// How documents lie in the inputs.
  package var format = InputFormat.auto
  /// What becomes of a record that is no document.
  package var faults = Faults.stop
  /// What the vocabulary is to be like.
  package var settings: LearnSettings
  /// How text is normalised first.
  package var form = TextForm.none
  /// Whether a space is put before a document that does not begin with one.
  package var addsPrefixSpace = false
  /// The distinct words to let in.
  package var wordLimit = 10_000_000
  /// Threads; the result does not depend on them.
  package var workers = 1
  /// The folder that gets `vocab.json`, `merges.txt` and `tokenizer.json`.
  package var folder: String
  /// Whether files of these names may be replaced.
  package var overwrites = false
  /// Gets what the user should know although nothing is wrong.
  package var note: @Sendable (String) -> Void = { _ in }

  /// The names of the files that are written.
  package static let fileNames = ["vocab.json", "merges.txt", "tokenizer.json"]

  /// Describes a training with the usual options.
  package init(inputs: InputList, settings: LearnSettings, folder: String) {
    self.inputs = inputs
    self.settings = settings
    self.folder = folder
  }

  /// What was read and learned.
  package struct Outcome: Equatable, Sendable {
    /// Records: documents, empty ones and faults together.
    package var records = 0
    /// Records without text.
    package var empty = 0
    /// Records that were passed over because they are no documents.
    package var skipped = 0
    /// Words, each as often as it occurs.
    package var words = 0
    /// Different words.
    package var distinctWords = 0
    /// Tokens of the vocabulary.
    package var tokens = 0
    /// Merges of the vocabulary.
    package var merges = 0
  }

  /// How far the work is.
  package enum Stage: Sendable {
    /// Bytes of the inputs read, out of all where that is known, and documents.
    case reading(bytes: Int, of: Int?, documents: Int)
    /// Tokens learned, out of those wanted.
    case learning(tokens: Int, of: Int)
  }

  /// Reads, learns and writes; nothing is written when anything fails.
  package func run(
    interruption: Interruption? = nil, report: (Stage) -> Void = { _ in }
  ) throws(TrainTokenizerError) -> Outcome {
    try checkSettings()
    try checkInputsStay()
    try prepareFolder()
    var outcome = Outcome()
    let words = try countWords(&outcome, interruption, report)
    outcome.words = Int(clamping: words.total)
    outcome.distinctWords = words.distinct
    guard words.distinct > 0 else { throw .noText }

    let learned: LearnedVocabulary?
    do {
      learned = try learnBytePairs(from: words, settings) { tokens in
        report(.learning(tokens: tokens, of: settings.vocabularySize))
        return interruption?.isRaised != true
      }
    } catch {
      throw .tokenize(error)
    }
    guard let learned else { throw .interrupted }
    outcome.tokens = learned.tokens.count
    outcome.merges = learned.merges.count
    try write(learned)
    return outcome
  }

  private func checkSettings() throws(TrainTokenizerError) {
    let specials = settings.specialTokens
    guard !specials.contains("") else { throw .emptySpecialToken }
    let least = Set(specials).count + (settings.alphabet == .all ? 256 : 0)
    guard settings.vocabularySize >= least else {
      throw .vocabularyTooSmall(size: settings.vocabularySize, least: least)
    }
  }

  private func checkInputsStay() throws(TrainTokenizerError) {
    let outputs = Self.fileNames.flatMap { [folder + "/" + $0, folder + "/" + $0 + ".new"] }
    let files = inputs.entries.filter(\.isFile).map(\.path)
    if let path = FileIdentity.firstOutput(outputs, among: files) { throw .outputIsInput(path) }
  }

  private func prepareFolder() throws(TrainTokenizerError) {
    for path in [DurableFile.folder(of: folder), folder]
    where !DurableFile.isFolder(path) && (path != folder || DurableFile.exists(path)) {
      throw .outputFolder(DurableFile.missingFolder(path))
    }
    guard unsafe mkdir(folder, 0o777) == 0 || errno == EEXIST else {
      throw .system(SystemError(call: "mkdir", path: folder, code: errno))
    }
    for name in Self.fileNames where !overwrites && DurableFile.exists(folder + "/" + name) {
      throw .exists(folder + "/" + name)
    }
  }

  private func write(_ learned: LearnedVocabulary) throws(TrainTokenizerError) {
    let contents = [
      learned.vocabularyJSON(), learned.mergesText(),
      learned.tokenizerJSON(form: form, addsPrefixSpace: addsPrefixSpace),
    ]
    do {
      for (name, bytes) in zip(Self.fileNames, contents) {
        try DurableFile.replace(folder + "/" + name, with: bytes)
      }
    } catch {
      throw .system(error)
    }
  }
}
