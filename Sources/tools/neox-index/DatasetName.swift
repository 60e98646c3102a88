/// What the name of a dataset says of how neox-preprocess made it.
struct DatasetName {
  /// A part of a run over several machines.
  struct Shard {
    let index: Int
    let count: Int
    /// What the names of all parts of one run and key share.
    let run: String
  }

  /// The folder with its slash; empty where the path has none.
  let folder: String
  private let name: Substring

  init(_ prefix: String) {
    let start = prefix.utf8.lastIndex(of: UInt8(ascii: "/")).map { prefix.index(after: $0) }
    folder = String(prefix[..<(start ?? prefix.startIndex)])
    name = prefix[(start ?? prefix.startIndex)...]
  }

  /// KEY of `PREFIX_KEY_document`; of a key with underscores, what follows the last.
  var key: String? {
    guard name.hasSuffix("_document") else { return nil }
    let words = name.split(separator: "_", omittingEmptySubsequences: false)
    return words.count >= 3 ? String(words[words.count - 2]) : nil
  }

  /// The part of `PREFIX_00003-of-00016_KEY_document`.
  var shard: Shard? {
    let words = name.split(separator: "_", omittingEmptySubsequences: false)
    for (place, word) in words.enumerated().dropFirst() {
      let halves = word.split(separator: "-", omittingEmptySubsequences: false)
      guard halves.count == 3, halves[1] == "of", halves[0].utf8.count == 5,
        halves[2].utf8.count == 5, let index = Int(halves[0]), let count = Int(halves[2]),
        index >= 0, index < count
      else { continue }
      var run = words
      run[place] = halves[2]
      return Shard(index: index, count: count, run: run.joined(separator: "_"))
    }
    return nil
  }
}
