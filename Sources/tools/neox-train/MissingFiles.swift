import Machine
import Train

/// The files that a run of a configuration would read and that are not there.
struct MissingFiles {
  private let configuration: TrainingConfiguration

  init(_ configuration: TrainingConfiguration) { self.configuration = configuration }

  /// What a run opens, by the key that names it.
  private typealias Item = (key: String, path: String)

  /// A sentence for each key or dataset with missing files, in the order in which a run would open
  /// them.
  var sentences: [String] {
    let checkpoints = configuration.checkpoints
    var items: [Item?] = [
      item("vocab_file", configuration.tokenizer.vocabularyFile),
      item("merge_file", configuration.tokenizer.mergesFile),
    ]
    // Without finetune, training begins where there is nothing to load.
    if checkpoints.isFinetuning { items.append(item("load", checkpoints.load)) }
    items.append(item("reference_load", checkpoints.referenceLoad))
    return items.compactMap(\.self).filter { !isThere($0.path) }
      .map { "\($0.key): there is no \($0.path)" } + datasets.compactMap(sentence)
  }

  private func item(_ key: String, _ path: String?) -> Item? { path.map { (key, $0) } }

  private func sentence(_ dataset: Item) -> String? {
    let prefix = dataset.path
    let missing = [".bin", ".idx"].filter { !isThere(prefix + $0) }
    guard !missing.isEmpty else { return nil }
    let text =
      "\(dataset.key): there is no "
      + missing.map { prefix + $0 }.joined(separator: " and no ")
    if dataset.key == Self.companionKey {
      return text + "; neox-train precompute makes it"
    } else if let stem = [".bin", ".idx"].first(where: prefix.hasSuffix) {
      return text + "; leave \(stem) out of the path"
    } else if isThere(prefix + "_text_document.bin") {
      return text + "; \(prefix)_text_document is there"
    }
    return text
  }

  private static let companionKey = "precompute_model_name"

  /// The prefixes of all datasets and what belongs to them, each once.
  private var datasets: [Item] {
    var texts: [Item] = []
    var others: [Item?] = []
    func add(_ side: String, _ split: String, _ datasets: [TrainingConfiguration.Dataset]) {
      for (place, dataset) in datasets.enumerated() {
        texts.append(("\(side)\(split)_data_paths[\(place)]", dataset.path))
        others.append(item("\(side)\(split)_label_data_paths[\(place)]", dataset.labels))
        others.append(item("\(side)\(split)_reward_data_paths[\(place)]", dataset.rewards))
      }
    }
    // What is only evaluated on is not opened where nothing is.
    let evaluates = configuration.length.evaluationIterations > 0
    switch configuration.data.source {
    case .none: break
    case .split(let path, _): texts.append(("data_path", path))
    case .lists(let train, let valid, let test):
      let parts = [("train", train)] + (evaluates ? [("valid", valid), ("test", test)] : [])
      for (split, datasets) in parts { add("", split, datasets) }
    case .pairs(let train, let valid, let test):
      let parts = [("train", train)] + (evaluates ? [("valid", valid), ("test", test)] : [])
      for (split, pairs) in parts {
        add("pos_", split, pairs.map(\.preferred))
        add("neg_", split, pairs.map(\.other))
      }
    }
    if let name = configuration.data.referenceName, configuration.objective.hasReference,
      !configuration.needsReferenceModel
    {
      others += texts.map { (Self.companionKey, "\($0.path)_\(name)") }
    }
    var seen: Set<String> = []
    return (texts + others.compactMap(\.self)).filter { seen.insert($0.path).inserted }
  }

  private func isThere(_ path: String) -> Bool { DurableFile.exists(path) }
}
