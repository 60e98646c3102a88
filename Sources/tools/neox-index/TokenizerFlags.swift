import CommandLineKit
import IndexedData
import Preprocess
import Tokenize

/// The options that name a tokenizer, as GPT-NeoX's scripts call them.
struct TokenizerFlags: Sendable {
  var kind: TokenizerKind?
  var vocabularyFile: String?
  var mergeFile: String?
  var endOfDocumentToken: String?

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
      .option(
        "--eod-token", \.endOfDocumentToken, placeholder: "TOKEN",
        "its token that ends documents, for vocabularies without <|endoftext|>"),
    ])

  /// The tokenizer that was named, else the one that the dataset's manifest names.
  ///
  /// - Returns: `nil` where there is neither, or the recorded files are gone or have changed.
  func load(for prefix: String) throws -> (any Tokenizer)? {
    if let kind {
      return try loadTokenizer(
        TokenizerChoice(
          kind: kind, vocabularyFile: vocabularyFile, mergeFile: mergeFile,
          endOfDocumentToken: endOfDocumentToken), vocabularyOption: "--vocab-file")
    }
    guard vocabularyFile == nil, mergeFile == nil, endOfDocumentToken == nil else {
      throw UsageError("--vocab-file, --merge-file and --eod-token need --tokenizer-type")
    }
    return try DatasetManifest(besideDataset: prefix)?.tokenizer()
  }

  /// As ``load(for:)``, but where no tokenizer is named only for a dataset of text: labels, rewards
  /// and the like are numbers, whatever the tokenizer of their run.
  func load(forText prefix: String) throws -> (any Tokenizer)? {
    if kind == nil {
      let manifest = try DatasetManifest(besideDataset: prefix)
      guard try Companions(besideDataset: prefix, manifest: manifest).kind == .text else {
        // Refuses options that miss --tokenizer-type.
        return vocabularyFile ?? mergeFile ?? endOfDocumentToken == nil
          ? nil : try load(for: prefix)
      }
    }
    return try load(for: prefix)
  }

  /// The files of the tokenizers that were named and recorded, and the manifest.
  func files(for prefix: String) throws -> [String] {
    let named = [vocabularyFile, mergeFile].compactMap(\.self).flatMap(FileHashes.filesOfVocabulary)
    return try named + (DatasetManifest(besideDataset: prefix)?.files ?? [])
  }
}
