import CommandLineKit
import Machine
import Preprocess
import Tokenize

/// Does what a recipe says and tells about it.
///
/// Standard output gets what GPT-NeoX's script prints there, `Vocab size: N` and `Output prefix: P`,
/// and at the end the counts; progress and messages go to standard error.
func perform(_ recipe: Recipe, _ arguments: RunArguments, documentCount: Int?) throws {
  HeapMemory.gather(byteCount: 64 << 20)
  var settings = arguments.settings
  // Of what is only shown no manifest tells.
  if arguments.dryRun != nil { settings.hashesInputs = false }
  let run = try PreprocessRun(recipe, settings)
  if let count = arguments.dryRun {
    let hasColor = StandardOutput.shared.isTerminal
    try run.preview(count, hasColor: hasColor) { StandardOutput.shared.line($0) }
    return
  }
  let output = StandardOutput.shared
  output.line("Vocab size: \(run.tokenizer.vocabularySize)")
  output.line("Output prefix: \(recipe.shardPrefix)")
  output.flush()
  for path in run.inputs.ignored {
    let reason =
      path.hasSuffix("/")
      ? "a folder, and not entered; name it, or the pattern '\(path)**'"
      : "its name is not that of an input"
    writeError("neox-preprocess: note: \(path): passed over, \(reason)\n")
  }
  for entry in run.inputs.entries where entry.isFile && entry.byteCount == 0 {
    writeError("neox-preprocess: warning: \(entry.path): is empty and gives no document\n")
  }
  let path = Manifest.path(prefix: recipe.shardPrefix)
  let earlier = DurableFile.exists(path) ? try? Manifest(path: path) : nil
  Interruption.listen()
  let report = RunReport(
    style: arguments.progress, logInterval: arguments.logInterval,
    documentCount: documentCount)
  let ending: PreprocessRun.Ending
  do {
    ending = try run.run(
      interruption: .process,
      note: { text in
        report.close()
        writeError("neox-preprocess: note: \(text)\n")
      },
      report: { report.update($0) })
  } catch {
    report.close()
    throw error
  }
  switch ending {
  case .finished(let manifest):
    report.finish()
    print(manifest, of: recipe)
    noteLeftovers(of: earlier, manifest, recipe)
  case .unchanged(let manifest):
    output.line(
      "\(Manifest.path(prefix: recipe.shardPrefix)): finished before; sizes agree, contents are not "
        + "compared (neox-index verify --deep does that)")
    print(manifest, of: recipe)
  }
}

/// Tells of datasets that an earlier run with more keys made and that this one left as they were.
private func noteLeftovers(of earlier: Manifest?, _ manifest: Manifest, _ recipe: Recipe) {
  for dataset in earlier?.outputs ?? []
  where !manifest.outputs.contains(where: { $0.key == dataset.key }) {
    guard let key = dataset.key else { continue }
    let prefix = recipe.datasetPrefix(key: key)
    guard DurableFile.exists(prefix + ".idx") else { continue }
    writeError(
      "neox-preprocess: note: \(prefix): of an earlier run with the key '\(key)';"
        + " left as it is, and no longer in \(Manifest.path(prefix: recipe.shardPrefix))\n")
  }
}

private func print(_ manifest: Manifest, of recipe: Recipe) {
  let output = StandardOutput.shared
  if let counts = manifest.counts { output.line("records: \(counts.sentence)") }
  let report = SupervisionReport(manifest: manifest, recipe: recipe)
  for dataset in manifest.outputs {
    guard let key = dataset.key else { continue }
    output.line(
      "\(recipe.datasetPrefix(key: key)): \(counted(dataset.documents, "document")), "
        + "\(counted(dataset.tokens, dataset.unit)), \(dataset.elementType)")
    if let line = report.line(of: dataset) { output.line(line) }
    if let fromText = dataset.endsFromText, fromText > 0 {
      let cause =
        recipe.tokenizer.kind == .characterLevel
        ? "bytes 0 of documents, which look like ends of documents"
        : "text inside documents (--special-in-text literal prevents that)"
      output.line("  \(grouped(fromText)) end-of-document ids come from \(cause)")
    }
  }
  for line in report.pairLines { output.line(line) }
  if let quarantine = manifest.quarantine {
    output.line("\(recipe.quarantinePath): \(grouped(quarantine.byteCount)) bytes")
  } else if DurableFile.exists(recipe.quarantinePath) {
    writeError(
      "neox-preprocess: note: \(recipe.quarantinePath) is of an earlier run; this one put nothing "
        + "there\n")
  }
}

extension Manifest.Output {
  /// What an element is.
  fileprivate var unit: String {
    if supervision != nil { return "label" }
    return largestID == nil ? "reward" : "token"
  }
}
