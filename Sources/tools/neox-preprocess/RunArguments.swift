import CommandLineKit
import Glibc
import Machine
import Preprocess
import Tokenize

/// The arguments that the main form and the corpora share.
struct RunArguments: Sendable {
  var errorPolicy = ErrorPolicy.stop
  var specialInText: SpecialInText?
  var skipsBlankLines = false
  var recordsSources = false
  var idKey: String?
  var endOfDocumentToken: String?
  var workers = WorkerPool.processorCount
  var memory = ByteSize(bytes: 1 << 30)
  var shard = ShardChoice.whole
  var checkpoint = TimeSpan(seconds: 5)
  var restarts = false
  var overwrites = false
  var hashesInputs = true
  var progress = ProgressStyle.auto
  var logInterval: Int?
  var dryRun: Int?

  static let groups: [ArgumentGroup<RunArguments>] = [
    ArgumentGroup(
      "text",
      [
        .option(
          "--special-in-text", \.specialInText, placeholder: "POLICY",
          shownDefault: "encode; error for TiktokenTokenizer",
          "what the text of a special token, such as <|endoftext|>, becomes inside a document: "
            + "encode makes it the special token as GPT-NeoX does, literal leaves it ordinary text, "
            + "error makes the document faulty, quarantine puts the document into the quarantine "
            + "file. CharLevelTokenizer has no such texts and takes encode only"),
        .option(
          "--eod-token", \.endOfDocumentToken, placeholder: "TOKEN",
          "the token that ends documents, for vocabularies without <|endoftext|>"),
        .option(
          "--on-error", \.errorPolicy,
          "what becomes of a record that cannot become a document: stop ends the run with FILE:LINE:"
            + "BYTE and the reason, skip counts it, quarantine also keeps it in "
            + "PREFIX_quarantine.jsonl. Bytes are counted from 0 at the start of the file, as it is "
            + "when all compression is taken off"),
        .flag(
          "--skip-blank-lines", \.skipsBlankLines,
          "pass over blank lines between JSON lines; without this they are faulty records"),
      ]),
    ArgumentGroup(
      "sources",
      [
        .flag(
          "--source", \.recordsSources,
          "write PREFIX_KEY_document.src beside each text: of each document the input file, the byte "
            + "and line of its record and the member of an archive, about 3 bytes a document; "
            + "neox-index where prints them"),
        .option(
          "--id-key", \.idKey, placeholder: "KEY",
          "with --source, also keep this member of the records, such as id or meta: a string as it "
            + "is, any other value as JSON, of 64KiB at most"),
      ]),
    ArgumentGroup(
      "work",
      [
        .option(
          "--workers", \.workers, placeholder: "N", shownDefault: "all processors",
          rule: .workers,
          "threads that encode; another takes off the compression of files. The output is the same for any number "
            + "(GPT-NeoX's default is 1)"),
        .option(
          "--memory", \.memory,
          "the bound of all memory of the run: 64MiB set aside for the program and the vocabulary, "
            + "the rest for records and tokens in work, and for the workers' caches of words, of "
            + "64MiB each at most. The size, number and length of documents do not matter, but text "
            + "without any place to cut it, such as a run of one letter, must fit into a sixteenth of "
            + "what is not set aside (60MiB of 1GiB); a record with more is faulty"),
        .option(
          "--shard", \.shard, placeholder: "i/n",
          "prepare part i of n, counted from 0, cut by bytes, inside files too; the output prefix "
            + "becomes PREFIX_0000i-of-0000n, and neox-index merge of all parts is the whole. auto "
            + "takes i and n from \(ShardEnvironment.variableNames)"),
        .option(
          "--checkpoint-seconds", \.checkpoint, placeholder: "SECONDS",
          "save the work done so often; a killed run loses no more than this. 0 saves all the time"),
        .flag("--restart", \.restarts, "throw away unfinished work instead of continuing it"),
        .flag("--overwrite", \.overwrites, "replace finished output"),
        .flag(
          "--no-input-hash", \.hashesInputs, value: false,
          "leave the hashes of the inputs out of the manifest, which saves reading them once more; "
            + "parts of n never have them"),
      ]),
    ArgumentGroup(
      "reports",
      [
        .option("--progress", \.progress, "how progress is shown on standard error"),
        .option(
          "--log-interval", \.logInterval, placeholder: "N", rule: .atLeast(1),
          "show progress every N documents, as GPT-NeoX does, instead of by time"),
        .option(
          "--dry-run", \.dryRun, placeholder: "N", rule: .atLeast(1),
          "print the first N documents as tokens and write nothing"),
      ]),
  ]

  /// How the run goes about its work.
  var settings: RunSettings {
    var settings = RunSettings(workers: workers)
    settings.memory = memory.bytes
    settings.note = { writeError("neox-preprocess: note: \($0)\n") }
    settings.checkpointSeconds = checkpoint.seconds
    settings.restarts = restarts
    settings.overwrites = overwrites
    settings.hashesInputs = hashesInputs
    return settings
  }

  /// Puts the arguments into a recipe.
  func apply(to recipe: inout Recipe) throws {
    recipe.errorPolicy = errorPolicy
    recipe.specialInText = specialInText
    recipe.skipsBlankLines = skipsBlankLines
    recipe.tokenizer.endOfDocumentToken = endOfDocumentToken
    if recordsSources {
      guard idKey != "" else { throw UsageError("argument --id-key: names no member") }
      recipe.sources = SourceChoice(idKey: idKey)
    } else if idKey != nil {
      throw UsageError("argument --id-key: ids are kept with --source only")
    }
    recipe.shard = try chosenShard()
  }

  /// The part to prepare.
  ///
  /// A single process inside a parallel job must not get a part unasked, nor n processes the whole
  /// unnoticed: so `auto` must be said, and what was found is always told.
  private func chosenShard() throws -> Shard {
    let environment = Self.environment
    switch shard {
    case .part(let shard): return shard
    case .whole:
      if let found = try? ShardEnvironment(environment), found.shard.count > 1 {
        writeError(
          "neox-preprocess: note: \(found.source) name this process \(found.shard.index) of "
            + "\(found.shard.count), but it prepares the whole input; --shard auto prepares its part\n"
        )
      }
      return .whole
    case .auto:
      guard let found = try ShardEnvironment(environment) else {
        let missing =
          ShardEnvironment.missingHalf(environment)
          ?? "none of \(ShardEnvironment.variableNames) are set"
        throw PipelineError.option("--shard auto: \(missing); say --shard i/n")
      }
      writeError("neox-preprocess: part \(found.shard) (from \(found.source))\n")
      return found.shard
    }
  }

  private static var environment: [String: String] {
    var result: [String: String] = [:]
    for name in ShardEnvironment.allNames {
      if let value = unsafe getenv(name) { result[name] = unsafe String(cString: value) }
    }
    return result
  }
}
