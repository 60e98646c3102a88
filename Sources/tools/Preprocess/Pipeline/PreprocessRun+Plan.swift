import IndexedData
import Machine
import Tokenize

extension PreprocessRun {
  /// Finds what is wrong with a recipe before anything is read.
  static func check(_ recipe: Recipe, _ settings: RunSettings) throws(PipelineError) {
    var seen: Set<String> = []
    for key in recipe.keys {
      guard seen.insert(key).inserted else {
        throw .option("--jsonl-keys: \(key) is named twice")
      }
      guard !key.isEmpty, !key.contains("/") else {
        throw .option("--jsonl-keys: '\(key)' cannot be part of a file's name")
      }
    }
    if recipe.tokenizer.kind == .characterLevel, let policy = recipe.specialInText,
      policy != .encode
    {
      throw .option(
        "--special-in-text \(policy.rawValue): CharLevelTokenizer knows no text of special tokens, "
          + "each byte is an id; leave the option out")
    }
    try recipe.checkSupervision()
    try recipe.checkTokenizerFiles()
    try recipe.checkOutputPrefix()
    let least = MemoryPlan.minimum(workers: settings.workers)
    guard settings.memory >= least else {
      throw .option(
        settings.workers == 1
          ? "--memory: a worker needs at least \(least >> 20)MiB; allow more"
          : "--memory: \(settings.workers) workers need at least \(least >> 20)MiB; allow more, or take "
            + "fewer --workers")
    }
  }

  /// How the work is shared out, and what every worker needs to know.
  static func plan(
    _ recipe: Recipe, _ settings: RunSettings, _ tokenizer: any Tokenizer,
    _ chatEncoder: ChatEncoder?, _ sources: SourceChoice?, _ early: EarlyStream?
  ) -> EncodingPlan {
    let memory = MemoryPlan(
      budget: settings.memory, workers: settings.workers, keyCount: recipe.keys.count)
    var reading = ReadingOptions(
      keys: recipe.keys, spoolFolder: DurableFile.folder(of: recipe.outputPrefix),
      safeCut: { tokenizer.safeCut($0) })
    reading.format = recipe.format
    reading.note = settings.note
    reading.readsAhead = settings.readsAhead
    reading.early = early
    reading.skipsBlankLines = recipe.skipsBlankLines
    reading.keepsRecordsWhole = recipe.supervision.needsWholeRecords
    reading.givesRecords = recipe.supervision.isStructured
    reading.itemBytes = memory.itemBytes
    reading.recordLimit = memory.recordLimit
    reading.pieceLimit = memory.pieceLimit
    reading.roomFor = { byteCount in
      guard let budget = MemoryPlan.budget(pieceLimit: byteCount) else {
        return "more than \(MemoryPlan.largestPiece) bytes are never searched"
      }
      return "--memory \((budget + (1 << 20) - 1) >> 20)MiB is enough"
    }
    // GPT-NeoX's writers of the old format know no 16-bit tokens.
    let elementType =
      recipe.implementation == .mmap
      ? ElementType.forVocabulary(size: tokenizer.vocabularySize) : .int32
    return EncodingPlan(
      tokenizer: tokenizer, reading: reading,
      endOfDocument: recipe.appendsEndOfDocument ? tokenizer.endOfDocument : nil,
      tracks: recipe.tracks(textType: elementType), supervision: recipe.supervision,
      unsupervised: recipe.unsupervised, sampleLimit: recipe.sequenceLength.map { $0 + 1 },
      chatEncoder: chatEncoder, memory: memory, sources: sources,
      buffers: BufferPool(byteLimit: memory.poolBytes))
  }
}
