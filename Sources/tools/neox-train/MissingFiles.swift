import Foundation
import Train

/// The files that a run of a configuration would read and that are not there.
struct MissingFiles {
  private let configuration: TrainingConfiguration

  init(_ configuration: TrainingConfiguration) { self.configuration = configuration }

  /// A sentence for each file, in the order in which a run would open them.
  var warnings: [String] {
    var warnings: [String] = []
    let tokenizer = configuration.tokenizer
    for (key, path) in [
      ("vocab_file", tokenizer.vocabularyFile), ("merge_file", tokenizer.mergesFile),
    ] {
      if let path, !isThere(path) { warnings.append("\(key): there is no \(path)") }
    }
    for prefix in prefixes {
      let missing = [".bin", ".idx"].filter { !isThere(prefix + $0) }
      guard !missing.isEmpty else { continue }
      var text = "data: there is no \(missing.map { prefix + $0 }.joined(separator: " and no "))"
      if let stem = [".bin", ".idx"].first(where: prefix.hasSuffix) {
        text += "; leave \(stem) out of the path"
      } else if isThere(prefix + "_text_document.bin") {
        text += "; \(prefix)_text_document is there"
      }
      warnings.append(text)
    }
    return warnings
  }

  /// The prefixes of all datasets, each once.
  private var prefixes: [String] {
    var datasets: [TrainingConfiguration.Dataset] = []
    var prefixes: [String] = []
    switch configuration.data.source {
    case .none: break
    case .split(let path, _): prefixes.append(path)
    case .lists(let train, let valid, let test): datasets = train + valid + test
    case .pairs(let train, let valid, let test):
      datasets = (train + valid + test).flatMap { [$0.preferred, $0.other] }
    }
    prefixes += datasets.flatMap { [$0.path, $0.labels, $0.rewards].compactMap(\.self) }
    var seen: Set<String> = []
    return prefixes.filter { seen.insert($0).inserted }
  }

  private func isThere(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}
