import IndexedData

/// What is written of where documents came from.
package struct SourceChoice: Equatable, Sendable {
  /// The member of records that names them; `nil` for none.
  package var idKey: String?
  /// The inputs that can have documents, as indexes of the expanded list.
  var inputs = 0..<0

  /// Names the member.
  package init(idKey: String? = nil) { self.idKey = idKey }
}

extension Recipe {
  /// The options that say what is written; none where nothing is.
  var sourceOptions: [Manifest.Option] {
    guard let sources else { return [] }
    return [.init("source", "true"), .init("id-key", sources.idKey ?? "")]
  }

  /// What is written, once the inputs are known.
  func sources(of inputs: InputList) throws(PipelineError) -> SourceChoice? {
    guard var sources else { return nil }
    do throws(PreprocessError) {
      let slices = try shard.slices(of: inputs)
      if let first = slices.first, let last = slices.last {
        sources.inputs = first.input..<last.input + 1
      }
    } catch {
      throw .source(error)
    }
    return sources
  }
}

extension EncodingPlan {
  /// The auxiliary files that tell where documents came from, behind the quarantine: one a text.
  var sourcePlaces: Range<Int> {
    1..<1 + (sources == nil ? 0 : tracks.count { $0.kind == .text })
  }
}

extension PreprocessRun {
  /// The files that tell where documents came from.
  var sourcePaths: [String] {
    guard plan.sources != nil else { return [] }
    return plan.tracks.filter { $0.kind == .text }.map {
      DocumentSources.path(prefix: recipe.datasetPrefix(key: $0.name))
    }
  }

  /// Ends these files, which are all alike.
  func finishSources(
    _ transaction: DatasetTransaction, _ state: RunState, _ inputs: [Manifest.File]
  ) throws(PipelineError) -> SourceSummary? {
    guard let choice = plan.sources, var blocks = state.sources else { return nil }
    let files = inputs[choice.inputs].map {
      SourceFile(
        path: $0.path, byteCount: $0.byteCount, modified: $0.modified, hash: $0.hash,
        format: recipe.format.rawValue)
    }
    let rest = blocks.finish()
    guard blocks.documentCount == state.outputs[0].documents else {
      throw .miscounted(
        "\(blocks.documentCount) sources of \(state.outputs[0].documents) documents")
    }
    var summary: SourceSummary?
    try inDataset { () throws(IndexedDataError) in
      for place in plan.sourcePlaces {
        if let rest { try unsafe transaction.appendAuxiliary(place, rest.span.bytes) }
        summary = try transaction.finishSource(
          place, documents: blocks.documentCount, files: files)
      }
    }
    return summary
  }
}

extension PreprocessRun {
  /// Tells where the documents of an item came from, in a preview.
  func noteOrigins(
    of result: borrowing ItemResult, from first: Int, below limit: Int, _ ledger: inout LineLedger,
    line: (String) -> Void
  ) {
    for (number, document) in result.sources.documents.enumerated() where first + number < limit {
      let place = ledger.place(of: document.place, in: result.tag)
      let id = document.id.map { ", id \(Self.visible(Array(result.sources.ids[$0])))" } ?? ""
      line("document \(first + number + 1): from \(place)\(id)")
    }
  }
}
