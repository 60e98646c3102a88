internal import Machine
internal import Tokenize

/// The files from which transformers loads a configuration's tokenizer.
enum ExportedTokenizer {
  /// What is exported of a tokenizer.
  struct Contents {
    var files: [WeightExport.TextFile] = []
    /// The id that ends documents.
    var endOfText: Int?
    /// What the person who exports should know.
    var notice: String?
  }

  /// Loads a tokenizer and reads its files.
  ///
  /// - Throws: ``TrainError`` where it cannot be loaded.
  static func contents(
    _ tokenizer: TrainingConfiguration.Tokenizer, maximumLength: Int
  ) throws(TrainError) -> Contents {
    let loaded = try tokenizer.load()
    var contents = Contents()
    contents.endOfText = loaded.endOfDocument.map { Int($0) }
    guard let sources = sources(tokenizer) else {
      contents.notice =
        "transformers has no files for a \(tokenizer.kind): the tokenizer is not exported"
      return contents
    }
    for (name, path) in sources {
      do throws(SystemError) {
        let bytes = try InputFile(path: path).readAll(limit: 1 << 30)
        contents.files.append(
          WeightExport.TextFile(
            name: name, bytes: unsafe bytes.bytes.withUnsafeBytes { unsafe Array($0) }))
      } catch { throw .system(error) }
    }
    contents.files.append(
      WeightExport.TextFile(
        name: "tokenizer_config.json",
        bytes: config(
          loaded, isGPT2: sources.contains { $0.name == "vocab.json" },
          maximumLength: maximumLength)))
    return contents
  }

  /// The names in transformers, and where the files lie.
  private static func sources(
    _ tokenizer: TrainingConfiguration.Tokenizer
  ) -> [(name: String, path: String)]? {
    guard let path = tokenizer.vocabularyFile else { return nil }
    switch TokenizerKind(name: tokenizer.kind) {
    case .huggingFace: return [("tokenizer.json", path)]
    case .gpt2BPE:
      return tokenizer.mergesFile.map { [("vocab.json", path), ("merges.txt", $0)] }
    case .huggingFaceGPT2:
      let names = ["vocab.json", "merges.txt", "tokenizer.json"].filter {
        DurableFile.exists(path + "/" + $0)
      }
      return names.map { ($0, path + "/" + $0) }
    case .tiktoken, .characterLevel, .sentencePiece, nil: return nil
    }
  }

  private static func config(
    _ tokenizer: any Tokenizer, isGPT2: Bool, maximumLength: Int
  ) -> [UInt8] {
    var members: [JSONText.Member] = [
      .init("tokenizer_class", .string(isGPT2 ? "GPT2Tokenizer" : "PreTrainedTokenizerFast")),
      .init("clean_up_tokenization_spaces", false),
      .init("model_max_length", JSONText(maximumLength)),
    ]
    if let end = tokenizer.endOfDocument {
      var bytes: [UInt8] = []
      tokenizer.appendBytes(of: end, to: &bytes)
      for name in ["bos_token", "eos_token", "unk_token"] {
        members.append(.init(name, JSONText(bytes: bytes)))
      }
    }
    return JSONText.object(members).bytes(.pretty) + [0x0A]
  }
}
