package import Machine

/// Writes models so that other programs can load them.
package enum WeightExport {
  /// The precision of exported weights, by its name in transformers.
  package enum Precision: String, Sendable, CaseIterable {
    case float32
    case bfloat16
    case float16

    var type: SafetensorsType {
      switch self {
      case .float32: .float32
      case .bfloat16: .bfloat16
      case .float16: .float16
      }
    }
  }

  /// A small file that belongs to an exported model.
  package struct TextFile: Sendable, Equatable {
    /// Its name in the folder.
    package var name: String
    /// What it holds.
    package var bytes: [UInt8]

    /// Names a file.
    package init(name: String, bytes: [UInt8]) {
      self.name = name
      self.bytes = bytes
    }
  }

  /// Writes one safetensors file with GPT-NeoX's names.
  ///
  /// - Throws: ``TrainError/unsupported(what:reason:)`` where the file is there already and not to be
  ///   replaced; `interrupted` once `interruption` is raised, with nothing left.
  package static func writeFile(
    _ path: String, _ weights: any NamedWeights, precision: Precision, overwrites: Bool = false,
    interruption: Interruption? = nil
  ) throws(TrainError) {
    guard !FolderContents.isFolder(path) else {
      throw .unsupported(what: path, reason: "it is a folder; name a file")
    }
    guard overwrites || !DurableFile.exists(path) else {
      throw .unsupported(what: path, reason: "it is there already; name another file or remove it")
    }
    let folder = DurableFile.folder(of: path)
    guard DurableFile.isFolder(folder) else {
      throw .unsupported(what: path, reason: DurableFile.missingFolder(folder))
    }
    if DurableFile.exists(path) {
      let isOfCheckpoint = DurableFile.exists(folder + "/" + CheckpointName.hashes)
      guard !isOfCheckpoint, (try? SafetensorsFile(path: path)) != nil else {
        throw .unsupported(
          what: path,
          reason: "it is no file that an export has written, so it is not replaced; name another")
      }
    }
    let partial = path + ".partial"
    var sources: [SafetensorsSource] = []
    for name in weights.names {
      let shape = weights.shape(name) ?? []
      sources.append(
        source(name, shape, precision) { () throws(TrainError) in
          try TrainError.endWhereRaised(interruption, notWritten: path)
          return try weights.floats(of: name)
        })
    }
    do throws(TrainError) {
      _ = try SafetensorsWriter.write(partial, metadata: [("format", "pt")], sources)
      try TrainError.endWhereRaised(interruption, notWritten: path)
    } catch {
      try? DurableFile.remove(partial)
      throw error
    }
    do throws(SystemError) {
      try DurableFile.rename(partial, to: path)
      try DurableFile.synchronizeFolder(of: path)
    } catch { throw .system(error) }
  }

  /// Writes a folder that transformers loads: `config.json`, `model.safetensors`, and the files of a
  /// tokenizer.
  ///
  /// - Throws: ``TrainError/unsupported(what:reason:)`` where no class of transformers computes the
  ///   same, or where the folder holds something that is not to be replaced;
  ///   ``TrainError/malformed(path:place:reason:)`` where weights are missing; `interrupted` once
  ///   `interruption` is raised, with nothing left.
  package static func writeHuggingFace(
    _ folder: String, _ weights: any NamedWeights, settings: HuggingFaceSettings,
    precision: Precision, endOfText: Int? = nil, files: [TextFile] = [], overwrites: Bool = false,
    interruption: Interruption? = nil
  ) throws(TrainError) {
    let config = HuggingFaceConfig(
      architecture: try HuggingFaceArchitecture(for: settings), settings: settings)
    let mappings = HuggingFaceMapping(config).weights
    try check(weights, mappings)
    let folder = trimmed(folder)
    try checkIsReplaceable(folder, overwrites: overwrites)
    let partial = folder + ".partial"
    try onSystem(FolderContents.remove(partial))
    try onSystem(FolderContents.make(partial))
    let goOn = { () throws(TrainError) in
      try TrainError.endWhereRaised(interruption, notWritten: folder)
    }
    do throws(TrainError) {
      _ = try SafetensorsWriter.write(
        partial + "/model.safetensors", metadata: [("format", "pt")],
        mappings.flatMap { sources($0, weights, precision, goOn) })
      let json = config.json(precision: precision, endOfText: endOfText)
      do throws(SystemError) {
        try DurableFile.replace(partial + "/config.json", with: json.bytes(.pretty) + [0x0A])
        for file in files { try DurableFile.replace(partial + "/" + file.name, with: file.bytes) }
      } catch { throw .system(error) }
      try goOn()
    } catch {
      try? FolderContents.remove(partial)
      throw error
    }
    try putInPlace(partial, as: folder)
  }

  // What an exported folder can hold.
  private static let replaceable: Set<String> = [
    "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.json",
    "merges.txt",
  ]

  private static func checkIsReplaceable(
    _ folder: String, overwrites: Bool
  ) throws(TrainError) {
    let names = try onSystem(FolderContents.names(folder))
    guard !names.isEmpty else { return }
    guard overwrites else {
      throw .unsupported(what: folder, reason: "it is not empty; name another folder or empty it")
    }
    if let name = names.first(where: { !replaceable.contains($0) }) {
      throw .unsupported(
        what: folder, reason: "it holds \(name), which no export has written; name another folder")
    }
  }

  private static func putInPlace(_ partial: String, as folder: String) throws(TrainError) {
    let replaced = folder + ".replaced"
    try onSystem(FolderContents.remove(replaced))
    let isReplacing = try !onSystem(FolderContents.names(folder)).isEmpty
    do throws(SystemError) {
      if isReplacing { try DurableFile.rename(folder, to: replaced) }
      // Takes the place of an empty folder, too.
      try DurableFile.rename(partial, to: folder)
      try DurableFile.synchronizeFolder(of: folder)
    } catch { throw .system(error) }
    if isReplacing { try onSystem(FolderContents.remove(replaced)) }
  }

  private static func trimmed(_ path: String) -> String {
    path.count > 1 && path.hasSuffix("/") ? trimmed(String(path.dropLast())) : path
  }

  private static func check(
    _ weights: any NamedWeights, _ mappings: [WeightMapping]
  ) throws(TrainError) {
    for mapping in mappings where !mapping.isZero {
      let found = weights.shape(mapping.name)
      guard found != mapping.shape else { continue }
      throw .malformed(
        path: weights.path, place: mapping.name,
        reason: "it is \(found.map { "\($0)" } ?? "missing"), and the settings want"
          + " \(mapping.shape)")
    }
  }

  private static func source(
    _ name: String, _ shape: [Int], _ precision: Precision,
    _ numbers: @escaping () throws(TrainError) -> [Float]
  ) -> SafetensorsSource {
    SafetensorsSource(name: name, type: precision.type, shape: shape) {
      (sink) throws(TrainError) in
      try SafetensorsSource(name: name, shape: shape, try numbers(), as: precision.type)
        .produce(sink)
    }
  }

  private static func sources(
    _ mapping: WeightMapping, _ weights: any NamedWeights, _ precision: Precision,
    _ goOn: @escaping () throws(TrainError) -> Void
  ) -> [SafetensorsSource] {
    mapping.parts.indices.map { index in
      let rows = mapping.parts[index].rows
      let shape =
        mapping.isVector
        ? [rows] : mapping.layout.isTransposed ? [mapping.width, rows] : [rows, mapping.width]
      return source(mapping.parts[index].name, shape, precision) { () throws(TrainError) in
        try goOn()
        guard !mapping.isZero else { return [Float](repeating: 0, count: rows * mapping.width) }
        return mapping.layout.parts(
          try weights.floats(of: mapping.name), width: mapping.width,
          rowCounts: mapping.parts.map(\.rows))[index]
      }
    }
  }
}

extension HuggingFaceConfig {
  /// The text of `config.json`, for the older and the newer versions of transformers.
  func json(precision: WeightExport.Precision, endOfText: Int?) -> JSONText {
    let activation = JSONText.string(
      ActivationName.huggingFaceName(settings) ?? settings.activation)
    let token = endOfText.map { JSONText($0) } ?? .null
    let rotary: JSONText = [
      "rope_type": "default", "rope_theta": .number(settings.rotaryBase),
      "partial_rotary_factor": .number(settings.rotaryFraction),
    ]
    var members: [JSONText.Member] = [
      .init("architectures", [.string(architecture.rawValue)]),
      .init("model_type", .string(architecture.modelType)),
      .init("vocab_size", JSONText(settings.vocabularySize)),
      .init("tie_word_embeddings", .bool(settings.isTied)),
      .init("bos_token_id", token), .init("eos_token_id", token),
      .init("initializer_range", 0.02),
      .init("torch_dtype", .string(precision.rawValue)), .init("use_cache", true),
    ]
    if architecture == .gpt2 {
      members += [
        .init("n_embd", JSONText(settings.hiddenSize)),
        .init("n_layer", JSONText(settings.layerCount)),
        .init("n_head", JSONText(settings.headCount)),
        .init("n_inner", JSONText(settings.feedForwardSize)),
        .init("n_positions", JSONText(settings.maximumPositions)),
        .init("layer_norm_epsilon", .number(settings.normEpsilon)),
        .init("activation_function", activation),
      ]
      return .object(members)
    }
    members += [
      .init("hidden_size", JSONText(settings.hiddenSize)),
      .init("num_hidden_layers", JSONText(settings.layerCount)),
      .init("num_attention_heads", JSONText(settings.headCount)),
      .init("intermediate_size", JSONText(settings.feedForwardSize)),
      .init("max_position_embeddings", JSONText(settings.maximumPositions)),
      .init("hidden_act", activation), .init("rope_parameters", rotary),
      .init("attention_bias", .bool(settings.hasAttentionBias)),
    ]
    if architecture == .gptNeoX {
      members += [
        .init("rotary_pct", .number(settings.rotaryFraction)),
        .init("rotary_emb_base", .number(settings.rotaryBase)),
        .init("use_parallel_residual", .bool(settings.isParallel)),
        .init("layer_norm_eps", .number(settings.normEpsilon)),
      ]
    } else {
      members += [
        .init("num_key_value_heads", JSONText(settings.keyValueHeadCount)),
        .init("head_dim", JSONText(settings.headSize)),
        .init("rope_theta", .number(settings.rotaryBase)),
        .init("rms_norm_eps", .number(settings.normEpsilon)),
        .init("mlp_bias", .bool(settings.hasMLPBias)),
      ]
      if let window = settings.window {
        members.append(.init("sliding_window", JSONText(window + 1)))
      }
    }
    return .object(members)
  }
}
