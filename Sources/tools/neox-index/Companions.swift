import IndexedData
import Machine

/// What a dataset holds, and the datasets that belong to it where it is a text.
struct Companions {
  /// What a dataset holds.
  enum Kind: String { case text, labels, rewards }

  let kind: Kind
  /// Labels and rewards; `nil` where there are none.
  let labels: CompanionCheck?
  let rewards: CompanionCheck?

  /// Takes what the manifest of the run that made the dataset tells.
  ///
  /// Where there is none, names tell: `P_KEY_label_document` and `P_KEY_reward_document` belong to
  /// `P_KEY_document`, and so do the parts that `split` makes of them, `P_KEY_label_document_train`.
  init(besideDataset prefix: String, manifest: DatasetManifest?) {
    var labels: CompanionCheck?
    var rewards: CompanionCheck?
    if let manifest, manifest.tellsOfCompanions {
      kind = manifest.kind
      labels = manifest.labels
      rewards = manifest.rewards
    } else {
      let part = Self.part(of: prefix)
      let whole = String(prefix.dropLast(part.count))
      kind = Self.kind(byNameOf: whole, part)
      if let stem = Self.stem(of: whole, "") {
        labels = CompanionCheck(stem + "_label" + Self.end + part, .labels)
        rewards = CompanionCheck(stem + "_reward" + Self.end + part, .rewards)
      }
    }
    if kind != .text {
      labels = nil
      rewards = nil
    }
    self.labels = labels.flatMap { Self.exists($0.prefix) ? $0 : nil }
    self.rewards = rewards.flatMap { Self.exists($0.prefix) ? $0 : nil }
  }

  /// How names of datasets end that `neox-preprocess` wrote.
  static let end = "_document"

  /// What `split` puts behind `_document`: `_train`, `_03`; empty where the name ends otherwise.
  private static func part(of prefix: String) -> String {
    guard let cut = prefix.lastIndex(of: "_"), prefix[..<cut].hasSuffix(end) else { return "" }
    let word = prefix[prefix.index(after: cut)...]
    let isPart =
      ["train", "valid", "test"].contains(word)
      || (!word.isEmpty && word.utf8.allSatisfy { (0x30...0x39).contains($0) })
    return isPart ? String(prefix[cut...]) : ""
  }

  /// What comes before `WORD_document`; `nil` where the prefix does not end so.
  private static func stem(of prefix: String, _ word: String) -> String? {
    prefix.hasSuffix(word + end) ? String(prefix.dropLast(word.count + end.count)) : nil
  }

  /// What a dataset holds, by its name and what lies beside it.
  private static func kind(byNameOf whole: String, _ part: String) -> Kind {
    if stem(of: whole, "_reward") != nil { return .rewards }
    guard let stem = stem(of: whole, "_label") else { return .text }
    let text = stem + "_text" + end + part
    guard !exists(stem + end + part), exists(text) else { return .labels }
    // Labels of `text`, as GPT-NeoX's script for masks calls them, or a text of the same records
    // that is called label: only labels have the sizes of the text.
    do {
      let own = try IndexedDataset(prefix: whole + part)
      let sizesDiffer = try IndexedDataset(prefix: text).firstDifferingSize(from: own) != nil
      return own.elementType == .int32 && !sizesDiffer ? .labels : .text
    } catch {
      // What is wrong with either is found where it is verified.
      return .text
    }
  }

  static func exists(_ prefix: String) -> Bool {
    DurableFile.exists(prefix + ".idx") && DurableFile.exists(prefix + ".bin")
  }
}
