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

  /// The path of a companion's key.
  static func path(_ prefix: String) -> String { prefix + "_key.json" }

  /// The key of a model and a text.
  ///
  /// - Throws: ``TrainError/system(_:)`` where the text cannot be read.
  init(
    _ configuration: TrainingConfiguration, weights: String, text: String, coversPadding: Bool
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
  }

  /// The key as a file has it.
  var json: JSONText {
    [
      "weights": .string(weights),
      "model": .object(model.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) }),
      "precision": .string(precision), "text": .string(text),
      "seq_length": JSONText(sequenceLength), "tokenizer": .string(tokenizer),
      "covers_padding": .bool(coversPadding),
    ]
  }

  /// What differs from the key that is wanted, in the words of a message; `nil` where nothing does.
  func difference(from wanted: ReferenceKey) -> String? {
    var differences: [String] = []
    func compare(_ what: String, _ found: String, _ wanted: String) {
      if found != wanted { differences.append("\(what) was \(found) and is \(wanted)") }
    }
    compare("the hash of the weights", weights, wanted.weights)
    for (name, value) in wanted.model.sorted(by: { $0.key < $1.key }) {
      compare(name, model[name] ?? "nothing", value)
    }
    compare("the hash of the text", text, wanted.text)
    compare("seq_length", "\(sequenceLength)", "\(wanted.sequenceLength)")
    compare("the tokenizer", tokenizer, wanted.tokenizer)
    if wanted.coversPadding, !coversPadding {
      differences.append(
        "it was made for data with labels, and without them padding is trained on")
    }
    return differences.isEmpty ? nil : differences.joined(separator: "; ")
  }

  /// Refuses a companion that was made from something else.
  ///
  /// - Returns: a note where nothing is known of the companion.
  /// - Throws: ``TrainError/malformed(path:place:reason:)`` with what differs.
  static func check(_ companion: String, _ wanted: ReferenceKey) throws(TrainError) -> String? {
    let path = path(companion)
    guard DurableFile.exists(path) else {
      return "\(companion): it has no \(path), as GPT-NeoX's have none: whether its values are of"
        + " this model and this text is not known"
    }
    guard let difference = try ReferenceKey(path: path).difference(from: wanted) else { return nil }
    throw .malformed(
      path: companion, place: "stale reference log-probabilities",
      reason: "\(difference); make them anew with neox-train precompute --overwrite")
  }
}
