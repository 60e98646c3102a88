internal import IndexedData
internal import Machine
internal import Tokenize

/// What the log-probabilities of a reference companion were computed from.
///
/// It lies beside the companion as `PREFIX_NAME_key.json`, so that values of another model, of other
/// text or of another length are not taken for the right ones. GPT-NeoX's companions have none.
struct ReferenceKey: Equatable {
  /// ``WeightIdentity`` of the model.
  var weights: String
  /// What else makes the model, by key.
  var model: [String: String]
  /// The type that it computed in.
  var precision: String
  /// XXH64 of the text's `.bin` and `.idx`.
  var text: String
  /// `seq_length`.
  var sequenceLength: Int
  /// `tokenizer_type`, and XXH64 of its files where they are there.
  var tokenizer: String
  /// Whether places behind a document's end have values too.
  var coversPadding: Bool
  /// Logits of each token, where they are logits and not log-probabilities.
  var topCount: Int?
  /// XXH64 of the companion's `.bin`; keys of earlier versions and of logits, which have hashes of
  /// their own, have none.
  var values: String?

  /// The path of a companion's key.
  static func path(_ prefix: String) -> String { prefix + "_key.json" }

  /// The key of a model and a text.
  ///
  /// - Throws: ``TrainError/system(_:)`` where the text cannot be read.
  init(
    _ configuration: TrainingConfiguration, weights: String, text: String, coversPadding: Bool,
    topCount: Int? = nil
  ) throws(TrainError) {
    self.weights = weights
    model = configuration.modelArguments
    precision = configuration.precision.kind.rawValue
    let elements = try FileSeal(ofFile: text + ".bin")
    let index = try FileSeal(ofFile: text + ".idx")
    self.text = ContentHash.text(elements.hash) + ContentHash.text(index.hash)
    sequenceLength = configuration.model.sequenceLength
    let files = [configuration.tokenizer.vocabularyFile, configuration.tokenizer.mergesFile]
    tokenizer = configuration.tokenizer.kind
    for file in files.compactMap({ $0 }) where DurableFile.exists(file) {
      tokenizer += " " + ContentHash.text(try FileSeal(ofFile: file).hash)
    }
    self.coversPadding = coversPadding
    self.topCount = topCount
  }

  /// Reads a key.
  ///
  /// - Throws: ``TrainError/malformed(path:place:reason:)``.
  init(path: String) throws(TrainError) {
    let fields = try JSONFields(path: path)
    weights = try fields.string("weights")
    model = try fields.object("model").dictionary { $0.string }
    precision = try fields.string("precision")
    text = try fields.string("text")
    sequenceLength = try fields.integer("seq_length")
    tokenizer = try fields.string("tokenizer")
    coversPadding = try fields.boolean("covers_padding")
    topCount = fields.optional("top_k") == nil ? nil : try fields.integer("top_k")
    values = fields.optional("values") == nil ? nil : try fields.string("values")
  }

  /// The key of a companion whose values have this XXH64.
  func sealed(with hash: UInt64) -> ReferenceKey {
    var sealed = self
    sealed.values = ContentHash.text(hash)
    return sealed
  }

  /// The key as the bytes of its file.
  var fileBytes: [UInt8] { json.bytes(.pretty) + [0x0A] }

  /// The key as a file has it.
  var json: JSONText {
    var members: [JSONText.Member] = [
      .init("weights", .string(weights)),
      .init(
        "model",
        .object(model.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })),
      .init("precision", .string(precision)), .init("text", .string(text)),
      .init("seq_length", JSONText(sequenceLength)), .init("tokenizer", .string(tokenizer)),
      .init("covers_padding", .bool(coversPadding)),
    ]
    if let topCount { members.append(.init("top_k", JSONText(topCount))) }
    if let values { members.append(.init("values", .string(values))) }
    return .object(members)
  }

  /// What differs from the key that is wanted, in the words of a message; `nil` where nothing does.
  ///
  /// The hash of the values is no part of what they were computed from.
  func difference(from wanted: ReferenceKey) -> String? {
    var differences: [String] = []
    func compare(_ what: String, _ found: String, _ wanted: String) {
      if found != wanted { differences.append("\(what) was \(found) and is \(wanted)") }
    }
    compare("the hash of the weights", weights, wanted.weights)
    for (name, value) in wanted.model.sorted(by: { $0.key < $1.key }) {
      compare(name, model[name] ?? "nothing", value)
    }
    compare("precision", precision, wanted.precision)
    compare("the hash of the text", text, wanted.text)
    compare("seq_length", "\(sequenceLength)", "\(wanted.sequenceLength)")
    compare("the tokenizer", tokenizer, wanted.tokenizer)
    let counts = [topCount, wanted.topCount].map { $0.map(String.init) ?? "nothing" }
    compare("top_k", counts[0], counts[1])
    if wanted.coversPadding, !coversPadding {
      differences.append(
        "it was made for data with labels, and without them padding is trained on")
    }
    return differences.isEmpty ? nil : differences.joined(separator: "; ")
  }

  /// Refuses a companion that was made from something else, or whose values are not those that were made.
  ///
  /// - Returns: a note where nothing is known of the companion.
  /// - Throws: ``TrainError/malformed(path:place:reason:)`` with what differs.
  static func check(_ companion: String, _ wanted: ReferenceKey) throws(TrainError) -> String? {
    let path = path(companion)
    guard DurableFile.exists(path) else {
      return "\(companion): it has no \(path), as GPT-NeoX's have none: whether its values are of"
        + " this model and this text is not known"
    }
    let key = try ReferenceKey(path: path)
    let remedy = "make them anew with neox-train precompute --overwrite"
    if let difference = key.difference(from: wanted) {
      throw .malformed(
        path: companion,
        place: "stale reference \(wanted.topCount == nil ? "log-probabilities" : "logits")",
        reason: "\(difference); \(remedy)")
    }
    guard let values = key.values else { return nil }
    let found = ContentHash.text(try FileSeal(ofFile: companion + ".bin").hash)
    guard found == values else {
      throw .malformed(
        path: companion + ".bin", place: "damaged reference log-probabilities",
        reason: "their hash is \(found), and \(path) says \(values); \(remedy)")
    }
    return nil
  }
}
