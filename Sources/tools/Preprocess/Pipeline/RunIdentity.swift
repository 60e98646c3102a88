import Machine

/// What a run's output depends on, in a form that a journal can keep and a person can compare.
///
/// Lines of text, `NAME VALUE`; long values (the inputs, the vocabulary) as their hash. What becomes of
/// faulty records is not among them: it makes no difference as long as there were none.
struct RunIdentity: Equatable, Sendable {
  private let lines: [String]

  init(inputs: [Manifest.File], vocabulary: Manifest.Vocabulary, options: [Manifest.Option]) {
    let inputLines = inputs.map { "\($0.path)\u{0}\($0.byteCount)\u{0}\($0.modified)" }
    let files = vocabulary.files.map { $0.hash }
    let tokenizer =
      [vocabulary.kind, "\(vocabulary.size)", "\(vocabulary.endOfDocument ?? -1)"] + files
    lines =
      ["inputs \(Self.hash(inputLines))", "tokenizer \(Self.hash(tokenizer))"]
      + options.filter { $0.name != "on-error" }.map { "\($0.name) \($0.value)" }
  }

  init(storedBytes: [UInt8]) {
    lines = String(decoding: storedBytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  var storedBytes: [UInt8] { Array(lines.joined(separator: "\n").utf8) }

  /// What has another value in `later`, in words; empty when nothing has.
  func difference(to later: RunIdentity) -> String {
    let old = Set(lines)
    let changed = later.lines.filter { !old.contains($0) }.map { line in
      let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
      switch parts.first {
      case "inputs": return "the inputs"
      case "tokenizer": return "the tokenizer"
      default: return "--\(parts.first ?? "")"
      }
    }
    return changed.joined(separator: ", ")
  }

  private static func hash(_ parts: [String]) -> String {
    var hash = ContentHash()
    for part in parts { unsafe hash.update(Array((part + "\n").utf8).span.bytes) }
    return ContentHash.text(hash.value)
  }
}
