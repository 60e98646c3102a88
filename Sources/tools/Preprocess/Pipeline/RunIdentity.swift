import Machine

/// What a run's output depends on, in a form that a journal can keep and a person can compare.
///
/// Lines of text, `NAME VALUE`; an input is its path and its size and time, each as a hash. What
/// becomes of faulty records is not among them: it makes no difference as long as there were none.
struct RunIdentity: Equatable, Sendable {
  private let lines: [String]

  init(inputs: [Manifest.File], vocabulary: Manifest.Vocabulary, options: [Manifest.Option]) {
    let inputLines = inputs.map { file in
      "\(Self.input) \(Self.hash([file.path])) \(Self.hash(["\(file.byteCount)", "\(file.modified)"]))"
    }
    let entries = ["\(vocabulary.size)", "\(vocabulary.endOfDocument ?? -1)"]
    lines =
      inputLines + [
        "tokenizer-type \(vocabulary.kind)",
        "\(Self.vocabulary) \(Self.hash(entries + vocabulary.files.map(\.hash)))",
      ] + options.filter { $0.name != "on-error" }.map { "\($0.name) \($0.value)" }
  }

  init(storedBytes: [UInt8]) {
    lines = String(decoding: storedBytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  var storedBytes: [UInt8] { Array(lines.joined(separator: "\n").utf8) }

  private static let input = "input"
  private static let vocabulary = "vocabulary"
  /// More inputs that differ are only counted.
  private static let shownInputs = 3

  /// What was otherwise then, in words, where `paths` are the inputs of `later`; empty when nothing
  /// was.
  func difference(to later: RunIdentity, inputs paths: [String]) -> String {
    let then = Dictionary(rows.map { ($0.name, $0.value) }) { first, _ in first }
    let options = later.rows.compactMap { row -> String? in
      guard row.name != Self.input, then[row.name] != row.value else { return nil }
      switch (row.name, then[row.name]) {
      case (Self.vocabulary, _): return "the vocabulary was another then"
      case (_, nil) where row.name == "source": return "--source was not given then"
      case (_, nil): return "--\(row.name) was unknown then"
      case (_, "true"): return "--\(row.name) was given then"
      case (_, "false"), (_, ""): return "--\(row.name) was not given then"
      case (_, let value?): return "--\(row.name) was \(value) then"
      }
    }
    let now = Set(later.rows.map(\.name))
    let gone = rows.filter { $0.name == "source" && !now.contains($0.name) }.map { _ in
      "--source was given then"
    }
    return (inputDifferences(to: later, paths) + options + gone).joined(separator: "; ")
  }

  private func inputDifferences(to later: RunIdentity, _ paths: [String]) -> [String] {
    let mine = inputs
    let theirs = later.inputs
    guard mine.count == theirs.count, theirs.count == paths.count else {
      return ["the number of inputs was \(mine.count) then, and is \(theirs.count) now"]
    }
    let all = zip(zip(mine, theirs), paths).compactMap { pair, path -> String? in
      guard pair.0.path == pair.1.path else { return "in place of input \(path) was another then" }
      return pair.0.stamp == pair.1.stamp ? nil : "input \(path) had another size or time then"
    }
    guard all.count > Self.shownInputs else { return all }
    return all.prefix(Self.shownInputs) + ["so it is with \(all.count - Self.shownInputs) more"]
  }

  private var rows: [(name: String, value: String)] {
    lines.map { line in
      let name = line.prefix { $0 != " " }
      return (String(name), String(line.dropFirst(name.count + 1)))
    }
  }

  private var inputs: [(path: String, stamp: String)] {
    rows.filter { $0.name == Self.input }.map { row in
      (String(row.value.prefix(16)), String(row.value.dropFirst(17)))
    }
  }

  private static func hash(_ parts: [String]) -> String {
    var hash = ContentHash()
    for part in parts { unsafe hash.update(Array((part + "\n").utf8).span.bytes) }
    return ContentHash.text(hash.value)
  }
}
