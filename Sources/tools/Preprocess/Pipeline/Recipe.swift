internal import IndexedData
internal import Machine
package import Tokenize

/// What is to be made of what: everything that has a say in the output's bytes.
package struct Recipe: Sendable {
  /// The values of `--input`.
  package var inputs: [String]
  /// How documents lie in the inputs.
  package var format = InputFormat.auto
  /// Whether blank lines between JSON lines are passed over.
  package var skipsBlankLines = false
  /// The members of records that become datasets.
  package var keys = ["text"]
  /// What of a document is trained on, which decides what is written beside the text.
  package var supervision = Supervision.everything
  /// What becomes of a document of which no token is trained on.
  package var unsupervised = UnsupervisedPolicy.error
  /// The length of samples, for counts of documents that are longer.
  package var sequenceLength: Int?
  /// The vocabulary.
  package var tokenizer: TokenizerChoice
  /// The option that names its file.
  package var vocabularyOption = "--vocab-file"
  /// What becomes of the text of special tokens inside documents; `nil` means what GPT-NeoX does:
  /// the document is faulty for ``TokenizerKind/tiktoken``, the special token for the others.
  package var specialInText: SpecialInText?
  /// Whether each document ends with the end-of-document id.
  package var appendsEndOfDocument = false
  /// The format of the output.
  package var implementation = DatasetImplementation.mmap
  /// What becomes of faulty records.
  package var errorPolicy = ErrorPolicy.stop
  /// What is written of where documents came from; `nil` for nothing.
  package var sources: SourceChoice?
  /// The part of the input.
  package var shard = Shard.whole
  /// Where the output goes: `PREFIX_KEY_document.bin` and `.idx`.
  package var outputPrefix: String

  package init(inputs: [String], tokenizer: TokenizerChoice, outputPrefix: String) {
    self.inputs = inputs
    self.tokenizer = tokenizer
    self.outputPrefix = outputPrefix
  }

  /// What becomes of the text of special tokens inside documents, whether said or not.
  var specialPolicy: SpecialInText {
    specialInText ?? (tokenizer.kind == .tiktoken ? .error : .encode)
  }

  /// The output prefix of this shard.
  package var shardPrefix: String { shard.prefix(outputPrefix) }

  /// The path, without `.bin`, of the dataset of a key.
  package func datasetPrefix(key: String) -> String { "\(shardPrefix)_\(key)_document" }

  /// The path of the quarantine file.
  package var quarantinePath: String { Quarantine.path(prefix: shardPrefix) }

  /// The path of the journal of unfinished work.
  package var journalPath: String { shardPrefix + ".journal" }

  /// The files of the vocabulary.
  var vocabularyPaths: [String] {
    [tokenizer.vocabularyFile, tokenizer.mergeFile].compactMap { $0 }
  }

  /// Files that a run makes, and files it works with, all of which it may replace.
  var outputPaths: [String] {
    let datasets = trackNames.map { datasetPrefix(key: $0) }
    let files =
      datasets.flatMap { [$0 + ".bin", $0 + ".idx", DocumentSources.path(prefix: $0)] }
      + [quarantinePath]
    let numbers = datasets.flatMap { [$0 + ".sizes", $0 + ".documents"] }
    let whole = [Manifest.path(prefix: shardPrefix), journalPath]
    let locks = datasets.map { $0 + OutputLock.ending } + [journalPath + ".lock"]
    return files + (files + numbers).map { $0 + ".partial" } + whole + whole.map { $0 + ".new" }
      + locks
  }

  /// The options as a manifest records them; inputs and vocabulary have rows of their own.
  var options: [Manifest.Option] { plainOptions + supervisionOptions + sourceOptions }

  private var plainOptions: [Manifest.Option] {
    [
      .init("jsonl-keys", keys.joined(separator: " ")), .init("input-format", format.rawValue),
      .init("skip-blank-lines", String(skipsBlankLines)),
      .init("append-eod", String(appendsEndOfDocument)),
      .init("eod-token", tokenizer.endOfDocumentToken ?? ""),
      .init("dataset-impl", implementation == .mmap ? "mmap" : "cached"),
      .init("special-in-text", specialPolicy.rawValue),
      .init("on-error", errorPolicy.rawValue), .init("shard", shard.description),
    ]
  }
}

/// What becomes of a record that cannot become a document.
package enum ErrorPolicy: String, CaseIterable, Sendable {
  /// The run ends there.
  case stop
  /// It is counted and passed over.
  case skip
  /// It is counted and kept in the quarantine file.
  case quarantine
}

/// What becomes of the text of a special token, such as `<|endoftext|>`, inside a document.
package enum SpecialInText: String, CaseIterable, Sendable {
  /// It becomes the special token, as in GPT-NeoX.
  case encode
  /// It is ordinary text.
  case literal
  /// The document is faulty.
  case error
  /// The document goes to the quarantine file, whatever becomes of other faulty records.
  case quarantine

  /// What the tokenizer is told.
  package var specialText: SpecialText {
    switch self {
    case .encode: .encode
    case .literal: .literal
    case .error, .quarantine: .error
    }
  }
}

/// The formats of output, under GPT-NeoX's names.
package enum DatasetImplementation: String, CaseIterable, Sendable {
  /// The current format.
  case mmap
  /// The old format; the same as `cached`.
  case lazy
  /// The old format.
  case cached
}

/// How a run goes about its work; nothing here has a say in the output.
package struct RunSettings: Sendable {
  /// Threads that encode.
  package var workers: Int
  /// Whether another takes off compression: where a processor may be free for it.
  package var readsAhead: Bool { workers > 1 || WorkerPool.processorCount > 1 }
  /// Bytes of memory that caches and buffers may take.
  package var memory = 1 << 30
  /// Seconds between two savings of the work done; 0 saves after each item.
  package var checkpointSeconds = 5.0
  /// Whether work that was begun is thrown away.
  package var restarts = false
  /// Whether finished output is replaced.
  package var overwrites = false
  /// Whether the manifest gets a hash of each input, which reads it once more.
  package var hashesInputs = true
  /// Gets what the user should know although nothing is wrong.
  package var note: @Sendable (String) -> Void = { _ in }

  package init(workers: Int) { self.workers = workers }
}
