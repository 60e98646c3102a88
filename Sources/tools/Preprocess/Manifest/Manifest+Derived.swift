import IndexedData

extension Manifest {
  /// Begins the manifest of datasets made of others, from the manifests of these.
  ///
  /// It has what they agree in. Of the options only those are kept that say what the tokens of any
  /// part or sum of the datasets are.
  ///
  /// - Returns: `nil` where there is none or their vocabularies differ.
  package init?(program: String, inputs: [File], parents: [Manifest]) {
    guard let first = parents.first,
      parents.allSatisfy({ $0.vocabulary.isSame(as: first.vocabulary) })
    else { return nil }
    let options = first.options.filter { option in
      ["append-eod", "eod-token"].contains(option.name)
        && parents.allSatisfy { $0.options.contains(option) }
    }
    self.init(
      program: program, inputs: inputs, vocabulary: first.vocabulary, options: options,
      counts: nil, outputs: [])
  }
}

extension Manifest {
  /// The same manifest after a dataset got another name, and what follows from it with it.
  package func renamed(from name: String, to other: String) -> Manifest {
    func renamed(_ file: File) -> File {
      var file = file
      file.path = MemberName(of: file.path, dataset: name)?.path(of: other) ?? file.path
      return file
    }
    var manifest = self
    manifest.outputs = outputs.map { output in
      var output = output
      output.bin = renamed(output.bin)
      output.idx = renamed(output.idx)
      output.source = output.source.map(renamed)
      return output
    }
    return manifest
  }
}

extension Manifest.Vocabulary {
  /// Whether it is the same vocabulary, wherever its files lie.
  func isSame(as other: Self) -> Bool {
    kind == other.kind && size == other.size && endOfDocument == other.endOfDocument
      && files.map(\.hash) == other.files.map(\.hash)
  }
}

extension Manifest.Output {
  /// A dataset made of others, of which less is known than of one made of text.
  package init(
    key: String?, bin: Manifest.File, idx: Manifest.File, elementType: String, documents: Int,
    tokens: Int, source: Manifest.File? = nil
  ) {
    self.init(
      key: key, bin: bin, idx: idx, elementType: elementType, documents: documents,
      tokens: tokens, largestID: nil, endsFromText: nil, lengths: nil, source: source)
  }
}
