internal import Machine
internal import Tokenize

/// The weights of a folder that transformers wrote, under GPT-NeoX's names.
package final class HuggingFaceWeights: NamedWeights, Sendable {
  /// The folder.
  package let path: String
  /// What its `config.json` says.
  package let config: HuggingFaceConfig

  private let files: [SafetensorsFile]
  private let mappings: [String: WeightMapping]
  private let order: [String]
  private let paddedVocabularySize: Int

  /// Opens a folder with a `config.json` and one or several safetensors files.
  ///
  /// With `paddedVocabularySize`, rows of zeros follow the vocabulary's own.
  ///
  /// - Throws: ``TrainError`` naming the file, and the tensors that are missing or of another shape.
  package init(path: String, paddedVocabularySize: Int? = nil) throws(TrainError) {
    self.path = path
    config = try HuggingFaceConfig(path: path + "/config.json")
    files = try Self.open(path)
    let mapping = HuggingFaceMapping(config)
    order = mapping.weights.map(\.name)
    mappings = Dictionary(uniqueKeysWithValues: mapping.weights.map { ($0.name, $0) })
    self.paddedVocabularySize = paddedVocabularySize ?? config.settings.vocabularySize
    guard self.paddedVocabularySize >= config.settings.vocabularySize else {
      throw .malformed(
        path: path + "/config.json", place: "vocab_size",
        reason: "it is \(config.settings.vocabularySize), and the padded vocabulary has"
          + " \(self.paddedVocabularySize) entries")
    }
    try check(mapping.weights)
  }

  /// GPT-NeoX's names, in its order.
  package var names: [String] { order }

  /// The shape of a weight in GPT-NeoX; `nil` where there is none of that name.
  package func shape(_ name: String) -> [Int]? {
    guard let mapping = mappings[name] else { return nil }
    var shape = mapping.shape
    if mapping.isVocabulary { shape[0] = paddedVocabularySize }
    return shape
  }

  /// The numbers of a weight in GPT-NeoX's layout.
  package func floats(of name: String) throws(TrainError) -> [Float] {
    guard let mapping = mappings[name] else {
      throw .malformed(path: path, place: name, reason: "it is missing")
    }
    var parts: [[Float]] = []
    for part in mapping.parts {
      guard let (file, entry) = find(part.name) else {
        throw .malformed(path: path, place: part.name, reason: "it is missing")
      }
      parts.append(try file.floats(entry))
    }
    var numbers = mapping.layout.joined(parts, width: mapping.width)
    if mapping.isVocabulary {
      let missing = paddedVocabularySize * mapping.width - numbers.count
      numbers += repeatElement(0, count: max(0, missing))
    }
    return numbers
  }

  private func find(_ name: String) -> (SafetensorsFile, SafetensorsEntry)? {
    // Older files of GPT-2 leave the first part of the name out.
    let names = [name] + (name.hasPrefix("transformer.") ? [String(name.dropFirst(12))] : [])
    for name in names {
      for file in files {
        if let entry = file[name] { return (file, entry) }
      }
    }
    return nil
  }

  private func check(_ mappings: [WeightMapping]) throws(TrainError) {
    var problems: [String] = []
    for mapping in mappings {
      for part in mapping.parts {
        let wanted =
          mapping.isVector
          ? [part.rows]
          : mapping.layout.isTransposed ? [mapping.width, part.rows] : [part.rows, mapping.width]
        guard let (_, entry) = find(part.name) else {
          problems.append("\(part.name) is missing")
          continue
        }
        if entry.shape != wanted {
          problems.append("\(part.name) is \(entry.shape), and config.json wants \(wanted)")
        } else if !entry.type.isReadableAsFloat {
          problems.append("\(part.name) is of type \(entry.type.rawValue)")
        }
      }
    }
    guard !problems.isEmpty else { return }
    throw .malformed(
      path: path, place: "\(problems.count) tensors do not fit",
      reason: problems.prefix(8).joined(separator: "; ") + (problems.count > 8 ? "; …" : ""))
  }

  private static func open(_ path: String) throws(TrainError) -> [SafetensorsFile] {
    let single = path + "/model.safetensors"
    let index = single + ".index.json"
    guard DurableFile.exists(index) else {
      guard DurableFile.exists(single) else {
        throw .malformed(
          path: path, place: "model.safetensors",
          reason: "neither this file nor model.safetensors.index.json is there; files of other"
            + " kinds (pytorch_model.bin) have to be converted with transformers first")
      }
      return [try SafetensorsFile(path: single)]
    }
    let map = try JSONFields(path: index).object("weight_map").dictionary { $0.string }
    var files: [SafetensorsFile] = []
    for name in Set(map.values).sorted() {
      guard !name.contains("/") else {
        throw .malformed(path: index, place: "weight_map", reason: "\(name) leads elsewhere")
      }
      files.append(try SafetensorsFile(path: path + "/" + name))
    }
    return files
  }
}
