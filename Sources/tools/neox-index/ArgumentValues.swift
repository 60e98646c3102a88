import CommandLineKit
import IndexedData
import Tokenize

extension ElementType: ArgumentValue {}
extension IndexFormat: ArgumentValue {}
extension IndexVariant: ArgumentValue {}
extension TokenizerKind: ArgumentValue {}

/// The common part of the paths of a dataset; its files' own paths are understood.
struct DatasetPrefix: ArgumentValue, CustomStringConvertible {
  let path: String

  init(_ path: String) {
    let isFile = [".bin", ".idx", ".src"].contains { path.hasSuffix($0) }
    self.path = isFile ? String(path.dropLast(4)) : path
  }

  init?(argument word: String) {
    self.init(word)
    if path.isEmpty { return nil }
  }

  static let kind = "prefix"
  static let form = "the path of a dataset, without .bin and .idx"

  var description: String { path }
}

/// A dataset and where something made of it goes: `PREFIX=OUTPUT`.
struct DatasetAndOutput: ArgumentValue, CustomStringConvertible {
  let dataset: DatasetPrefix
  let output: DatasetPrefix

  init(dataset: DatasetPrefix, output: DatasetPrefix) {
    self.dataset = dataset
    self.output = output
  }

  init?(argument word: String) {
    let halves = word.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
    guard halves.count == 2, let dataset = DatasetPrefix(argument: halves[0]),
      let output = DatasetPrefix(argument: halves[1])
    else { return nil }
    self.init(dataset: dataset, output: output)
  }

  static let kind = "pair of prefixes"
  static let form = "PREFIX=OUTPUT, both without .bin and .idx"

  var description: String { "\(dataset)=\(output)" }
}

/// A document, or a part of one: `12`, `12:100-200`, `12:100-`.
struct DocumentPart: ArgumentValue, CustomStringConvertible {
  let document: Int
  let start: Int
  let end: Int?

  init?(argument word: String) {
    let halves = word.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let document = Int(halves[0]), document >= 0 else { return nil }
    self.document = document
    guard halves.count == 2 else {
      start = 0
      end = nil
      return
    }
    let ends = halves[1].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    guard ends.count == 2, let start = Int(ends[0]), start >= 0 else { return nil }
    self.start = start
    if ends[1].isEmpty {
      end = nil
    } else {
      guard let end = Int(ends[1]), end >= start else { return nil }
      self.end = end
    }
  }

  init(document: Int, start: Int, end: Int?) {
    self.document = document
    self.start = start
    self.end = end
  }

  static let kind = "document"
  static let form = "a number, or NUMBER:FIRST-END for a part"

  var description: String {
    start == 0 && end == nil ? "\(document)" : "\(document):\(start)-\(end.map(String.init) ?? "")"
  }
}
