import CommandLineKit
import IndexedData

/// Labels and rewards that a command writes again along with the datasets that they belong to.
struct CarriedCompanions {
  /// What is written of what.
  private(set) var groups: [(inputs: [String], output: String)] = []

  /// Finds labels and rewards that every input has, and names them as the output is named.
  ///
  /// Those that stay behind are named in a note, with a command that joins them by themselves.
  /// - Throws: `unsuitable` where one has other documents than its text.
  init(of prefixes: [String], to output: String, format: IndexFormat?) throws {
    let known = try prefixes.map { try Companions(ofDataset: $0) }
    for one in known { try one.requireAll() }
    var left: [String] = []
    for word in Companions.words {
      let found = known.map { $0.prefix(word) }
      let paths = found.compactMap(\.self)
      if paths.isEmpty { continue }
      if paths.count == prefixes.count, let name = Companions.name(word, for: output) {
        for (path, prefix) in zip(paths, prefixes) {
          try IndexedDataset(prefix: path, mode: .pread)
            .requireDocuments(of: IndexedDataset(prefix: prefix, mode: .pread))
        }
        groups.append((paths, name))
        continue
      }
      let shown = paths.prefix(3)
      let more = paths.count - shown.count
      var note = shown.joined(separator: ", ") + (more > 0 ? " and \(grouped(more)) more" : "")
      if let place = found.firstIndex(of: nil) {
        note += ", as \(prefixes[place]) has none"
      } else {
        let form = format.map { " --format \($0.rawValue)" } ?? ""
        note +=
          " (neox-index merge \(shown.joined(separator: " "))\(more > 0 ? " …" : "")\(form)"
          + " -o \(output)\(word) writes them)"
      }
      left.append(note)
    }
    guard !left.isEmpty else { return }
    writeNote(
      "labels or rewards stay behind: \(left.joined(separator: "; "))"
        + (output.hasSuffix(Companions.end)
          ? "" : "; they go along to an output that ends in \(Companions.end)"))
  }

  /// Adds labels and rewards of datasets that were named, and of what was named with these, where
  /// they were not named themselves.
  ///
  /// `name` gives an output to a companion, from its prefix, its word and the output of its dataset.
  static func adding(
    to named: [DatasetAndOutput],
    name: (_ companion: String, _ word: String, _ output: String) throws -> String
  ) throws -> [DatasetAndOutput] {
    var all = named
    for one in named {
      let known = try Companions(ofDataset: one.dataset.path)
      try known.requireAll()
      for word in Companions.words {
        guard let path = known.prefix(word), !all.contains(where: { $0.dataset.path == path })
        else { continue }
        let output = try name(path, word, one.output.path)
        all.append(
          DatasetAndOutput(dataset: DatasetPrefix(path), output: DatasetPrefix(output)))
      }
    }
    return all
  }
}

extension Companions {
  /// What names of labels and rewards have before their end.
  static let words = ["_label", "_reward"]

  /// Finds what belongs to a dataset, by its manifest or by names.
  init(ofDataset prefix: String) throws {
    try self.init(besideDataset: prefix, manifest: try DatasetManifest(besideDataset: prefix))
  }

  /// The prefix of labels or rewards, by their word.
  func prefix(_ word: String) -> String? { (word == "_label" ? labels : rewards)?.prefix }

  /// The name of labels or rewards of an output; `nil` where its name does not end in `_document`.
  static func name(_ word: String, for output: String) -> String? {
    output.hasSuffix(end) ? String(output.dropLast(end.count)) + word + end : nil
  }
}
