import CommandLineKit
import IndexedData
import Preprocess
import Tokenize

/// The options that name a tokenizer, as GPT-NeoX's scripts call them.
struct TokenizerFlags: Sendable {
  var kind: TokenizerKind?
  var vocabularyFile: String?
  var mergeFile: String?

  static let group = ArgumentGroup<TokenizerFlags>(
    "tokenizer",
    [
      .option(
        "--tokenizer-type", \.kind, placeholder: "TYPE",
        shownDefault: "the one in the dataset's manifest", "the kind of tokenizer"),
      .option(
        "--vocab-file", \.vocabularyFile, aliases: ["--vocab"], placeholder: "FILE",
        "its vocabulary: vocab.json, tokenizer.json, a rank file, or a folder"),
      .option("--merge-file", \.mergeFile, placeholder: "FILE", "its merges, for GPT2BPETokenizer"),
    ])

  /// The tokenizer that was named, else the one that the dataset's manifest names.
  ///
  /// - Returns: `nil` where there is neither, or the recorded files are gone or have changed.
  func load(for prefix: String) throws -> (any Tokenizer)? {
    if let kind {
      return try loadTokenizer(
        TokenizerChoice(kind: kind, vocabularyFile: vocabularyFile, mergeFile: mergeFile))
    }
    guard vocabularyFile == nil, mergeFile == nil else {
      throw UsageError("--vocab-file and --merge-file need --tokenizer-type")
    }
    return try DatasetManifest(besideDataset: prefix)?.tokenizer()
  }
}
