import Glibc
import IndexedData
import Machine
import Tokenize

extension PreprocessRun {
  /// The manifest of finished output that is what this run would make; `nil` where there is none.
  ///
  /// - Throws: ``PipelineError/outputExists(_:hint:)`` when other output is in the way.
  func finishedManifest(_ identity: RunIdentity) throws(PipelineError) -> Manifest? {
    guard !settings.overwrites else { return nil }
    let path = Manifest.path(prefix: recipe.shardPrefix)
    guard DurableFile.exists(path) else { return nil }
    let manifest: Manifest
    do {
      manifest = try Manifest(path: path)
    } catch {
      throw .outputExists(
        path,
        hint: "it is no manifest of neox-preprocess (\(error.description)); give another "
          + "--output-prefix, move the file away, or replace it with --overwrite")
    }
    let then = RunIdentity(
      inputs: manifest.inputs, vocabulary: manifest.vocabulary, options: manifest.options)
    let policy = manifest.options.first { $0.name == "on-error" }?.value ?? ""
    let options = then.difference(to: identity, inputs: inputs.entries.map(\.path))
    let difference = [options, manifest.counts.flatMap { policyDifference(policy, $0) } ?? ""]
      .filter { !$0.isEmpty }.joined(separator: "; ")
    guard difference.isEmpty else {
      throw .outputExists(
        path,
        hint: "it was made otherwise: \(difference); give another --output-prefix, or replace it "
          + "with --overwrite")
    }
    guard inputs.isRereadable else { throw unknownInput }
    let folder = DurableFile.folder(of: path)
    for file in manifest.outputs.flatMap({ [$0.bin, $0.idx] + [$0.source].compactMap(\.self) }) {
      guard FileHashes.size(of: folder + "/" + file.path) == file.byteCount else {
        throw .outputExists(
          path, hint: "but \(file.path) is gone or has another size; make it again with --overwrite"
        )
      }
    }
    return manifest
  }

  /// What another policy for faulty records has made otherwise, in words; `nil` where there were none.
  func policyDifference(_ then: String, _ counts: PipelineCounts) -> String? {
    guard then != recipe.errorPolicy.rawValue, !counts.hasNoFaults else { return nil }
    return "--on-error was \(then) then, and there were faulty records (\(counts.sentence))"
  }

  /// Standard input and pipes tell nothing of what they hold: it may be other data each time.
  var unknownInput: PipelineError {
    .outputExists(
      Manifest.path(prefix: recipe.shardPrefix),
      hint:
        "whether it was made of the same data cannot be known of standard input or a pipe; give "
        + "another --output-prefix, or replace it with --overwrite")
  }

  /// The manifest of what was made.
  func manifest(
    _ counts: PipelineCounts, _ totals: [RunState.Totals], _ pairs: PairCounts,
    _ summaries: [DatasetSummary],
    inputs: [Manifest.File], quarantineByteCount: Int, sources: SourceSummary?
  ) -> Manifest {
    var outputs: [Manifest.Output] = []
    for (index, summary) in summaries.enumerated() {
      let total = totals[index]
      let track = plan.tracks[index]
      let name = fileName(recipe.datasetPrefix(key: track.name))
      outputs.append(
        Manifest.Output(
          key: track.name,
          bin: file(name + ".bin", summary.elementsByteCount, summary.elementsHash),
          idx: file(name + ".idx", summary.indexByteCount, summary.indexHash),
          elementType: track.elementType.rawValue, documents: total.documents,
          tokens: total.tokens, largestID: track.kind == .text ? Int(total.largest) : nil,
          // Templates write ends inside conversations.
          endsFromText: track.kind == .text && !recipe.supervision.isStructured
            ? total.endsFromText : nil, lengths: total.lengths,
          supervision: track.kind == .labels ? total.supervision : nil,
          source: track.kind == .text
            ? sources.map { file(name + ".src", $0.byteCount, $0.hash) } : nil))
    }
    var manifest = Manifest(
      program: "neox-preprocess \(toolVersion)", inputs: inputs, vocabulary: vocabulary,
      options: recipe.options, counts: counts, outputs: outputs)
    if case .preference = recipe.supervision { manifest.pairs = pairs }
    if quarantineByteCount > 0 {
      manifest.quarantine = .init(
        path: fileName(recipe.quarantinePath), byteCount: quarantineByteCount, hash: "")
    }
    return manifest
  }

  private func file(_ name: String, _ byteCount: Int, _ hash: UInt64) -> Manifest.File {
    .init(path: name, byteCount: byteCount, hash: "xxh64:" + ContentHash.text(hash))
  }

  private func fileName(_ path: String) -> String {
    path.split(separator: "/", omittingEmptySubsequences: false).last.map { String($0) } ?? path
  }

  /// The inputs with their hashes, where they are taken; files that are gone have none.
  ///
  /// `nil` when the work is asked to stop.
  /// - Throws: ``PreprocessError/inputChanged(_:)`` when a file is not what it was.
  func hashed(
    _ note: (String) -> Void
  ) throws(PipelineError) -> [Manifest.File]? {
    try checkInputs()
    guard let hashes else { return inputFiles }
    guard let outcomes = hashes.finish() else { return nil }
    var result: [Manifest.File] = []
    for (file, outcome) in zip(inputFiles, outcomes) {
      do {
        result.append(try outcome.get())
      } catch .source(.system(let error)) where error.code == ENOENT {
        note("\(file.path) is gone since it was read; the manifest has no hash of it")
        result.append(file)
      }
    }
    try checkInputs()
    return result
  }

  private func checkInputs() throws(PipelineError) {
    do {
      try inputs.checkUnchanged()
    } catch {
      throw .source(error)
    }
  }
}

extension PipelineError {
  /// The same error, or that the work is suspended where the disk or a quota is full.
  func asSuspension(isSaved: Bool) -> PipelineError {
    let cause: SystemError
    switch self {
    case .system(let error), .source(.system(let error)), .dataset(.system(let error)):
      cause = error
    default: return self
    }
    guard cause.isFull else { return self }
    return .suspended(reason: cause.description, isSaved: isSaved)
  }
}
