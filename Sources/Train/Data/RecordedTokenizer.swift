internal import IndexedData
internal import Machine
internal import Tokenize

/// The tokenizer of a run, to be compared with those that datasets were made with.
package struct RunTokenizer: Sendable {
  /// GPT-NeoX's name of its kind.
  let kind: String
  /// Its files, as the configuration names them.
  let files: [String]
  /// What is known of its entries; `nil` where it was not loaded.
  let vocabulary: RunVocabulary?
  /// SHA-256 of the files, those of a folder that make a vocabulary; `nil` of what cannot be read.
  fileprivate let hashes: [String?]

  /// Reads what tells it from others.
  package init(_ tokenizer: TrainingConfiguration.Tokenizer, _ vocabulary: RunVocabulary?) {
    kind = tokenizer.kind
    let paths = [tokenizer.vocabularyFile, tokenizer.mergesFile].compactMap(\.self)
    files = paths.flatMap { path in
      DurableFile.isFolder(path) ? ["vocab.json", "merges.txt"].map { path + "/" + $0 } : [path]
    }
    self.vocabulary = vocabulary
    hashes = files.map { path in
      DurableFile.isRegular(path) ? try? "sha256:" + SHA256.hexadecimal(ofFileAt: path) : nil
    }
  }
}

/// The tokenizer that made a dataset, by the manifest that neox-preprocess writes beside it.
struct RecordedTokenizer {
  private let manifest: String
  private let kind: String
  private let files: [(path: String, hash: String)]
  private let size: Int
  private let endOfDocument: Int?

  /// Looks for it; `nil` where nothing tells, or what should tell cannot be read.
  init?(besideDataset prefix: String) {
    let index = DurableFile.name(of: prefix) + ".idx"
    for path in ManifestName.paths(besideDataset: prefix) {
      guard let root = try? JSONDocument(path: path).root,
        let outputs = root["outputs"]?.elements,
        outputs.contains(where: { $0["idx"]?["path"]?.string == index }),
        let tokenizer = root["tokenizer"], let kind = tokenizer["type"]?.string,
        let size = tokenizer["vocabulary_size"]?.integer
      else { continue }
      manifest = path
      self.kind = kind
      self.size = size
      endOfDocument = tokenizer["end_of_document"]?.integer
      files = (tokenizer["files"]?.elements ?? []).compactMap { file in
        guard let path = file["path"]?.string, let hash = file["hash"]?.string else { return nil }
        return (path, hash)
      }
      return
    }
    return nil
  }

  /// What tells that a run's tokenizer is another one; `nil` where nothing does.
  ///
  /// The same files are the same tokenizer, whatever kind it is called; other files of the same kind
  /// are another one, and of another kind what holds another number of entries.
  private func difference(to run: RunTokenizer) -> String? {
    let own = Set(files.map(\.hash))
    let theirs = run.hashes.compactMap(\.self)
    if !theirs.isEmpty, theirs.allSatisfy(own.contains) { return nil }
    if kind.lowercased() == run.kind.lowercased(), files.count == run.files.count {
      let place = run.files.indices.first { place in
        run.hashes[place].map { $0 != files[place].hash } ?? false
      }
      return place.map {
        "\(DurableFile.name(of: files[$0].path)) had other bytes than \(run.files[$0])"
      }
    }
    guard let vocabulary = run.vocabulary, size != vocabulary.size else { return nil }
    return "it had \(size) entries, that one has \(vocabulary.size)"
  }

  /// What a run should know of the dataset; `nil` where nothing is amiss.
  fileprivate func note(_ prefix: String, _ run: RunTokenizer) -> String? {
    if let difference = difference(to: run) {
      return
        "\(prefix): made with another tokenizer than the configuration's, so that its ids stand for"
        + " other text: \(difference) (by \(manifest)); give tokenizer_type and its files as they made it"
        + " (\(maker)), or make it anew with the configuration's"
    }
    guard let vocabulary = run.vocabulary else { return nil }
    let end = vocabulary.endOfDocument.map { Int($0) }
    guard endOfDocument != end else { return nil }
    return
      "\(prefix): documents end with id \(Self.text(endOfDocument)) (by \(manifest)), and for the"
      + " configuration's tokenizer with \(Self.text(end))"
  }

  /// The kind and the files of the tokenizer.
  private var maker: String { ([kind] + files.map(\.path)).joined(separator: ", ") }

  private static func text(_ id: Int?) -> String { id.map(String.init) ?? "none" }
}

extension RunTokenizer {
  /// What a run should know of a dataset that another tokenizer may have made; `nil` where nothing is
  /// amiss, or nothing tells.
  package func note(ofDataset prefix: String) -> String? {
    RecordedTokenizer(besideDataset: prefix)?.note(prefix, self)
  }
}

extension DataSettings {
  /// Tells which datasets another tokenizer made than the run's, where manifests know.
  package var tokenizerNotes: [String] {
    guard let tokenizer else { return [] }
    var seen: Set<String> = []
    var notes: [String] = []
    for prefix in textPrefixes where seen.insert(prefix).inserted {
      if let note = tokenizer.note(ofDataset: prefix) { notes.append(note) }
    }
    let shown = 5
    guard notes.count > shown else { return notes }
    return notes.prefix(shown) + [
      "\(notes.count - shown) more datasets were made with another tokenizer, or have another end of"
        + " documents, than the configuration's"
    ]
  }

  /// The prefixes of all text that the run reads.
  private var textPrefixes: [String] {
    [dataPath].compactMap(\.self)
      + usedSplits.flatMap { self[$0].paths + self[$0].negatives }
  }
}
