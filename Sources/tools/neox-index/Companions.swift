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
  /// Labels and rewards of which a file is gone, though a manifest or the other file tells of them.
  let missing: [CompanionCheck]

  /// Takes what the manifest of the run that made the dataset tells.
  ///
  /// Where there is none, names tell: `P_KEY_label_document` and `P_KEY_reward_document` belong to
  /// `P_KEY_document`, and so do the parts that `split` makes of them, `P_KEY_label_document_train`.
  init(besideDataset prefix: String, manifest: DatasetManifest?) throws {
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
      (labels, rewards) = Self.named(besideDataset: prefix)
    }
    if kind != .text {
      labels = nil
      rewards = nil
    }
    let found = [labels, rewards].compactMap(\.self)
    self.labels = labels.flatMap { Self.exists($0.prefix) ? $0 : nil }
    self.rewards = rewards.flatMap { Self.exists($0.prefix) ? $0 : nil }
    // What is in an archive is no file.
    missing = isNamedArchive(prefix) ? [] : try found.compactMap(Self.missing)
  }

  /// Refuses to do without labels or rewards that should be there.
  ///
  /// - Throws: `unsuitable`, which names the file and what tells of it.
  func requireAll() throws {
    for check in missing {
      guard let path = check.missingFiles.first, let witness = check.witness else { continue }
      throw IndexedDataError.missing(path, toldBy: witness)
    }
  }

  /// Adds what tells of labels or rewards that are gone; `nil` where they are there, or nothing does.
  private static func missing(_ check: CompanionCheck) throws -> CompanionCheck? {
    guard !exists(check.prefix) else { return nil }
    let files = [".bin", ".idx"].map { check.prefix + $0 }
    var check = check
    check.witness =
      try check.record?.path ?? DatasetManifest(besideDataset: check.prefix)?.path
      ?? files.first(where: DurableFile.exists)
    return check.witness == nil ? nil : check
  }

  /// What would be labels and rewards of a dataset by its name; `nil` where that does not end in
  /// `_document`, or as parts do.
  private static func named(
    besideDataset prefix: String
  ) -> (labels: CompanionCheck?, rewards: CompanionCheck?) {
    let part = part(of: prefix)
    guard let stem = stem(of: String(prefix.dropLast(part.count)), "") else { return (nil, nil) }
    return (
      CompanionCheck(stem + "_label" + end + part, .labels),
      CompanionCheck(stem + "_reward" + end + part, .rewards)
    )
  }

  /// Refuses outputs by whose names labels or rewards of something else would be theirs.
  ///
  /// - Throws: `unsuitable`, which names the first that is there and is none of the outputs.
  static func refuseStale(beside outputs: [String]) throws {
    let endings = [".idx", ".bin", ManifestName.ending]
    let written = outputs.flatMap { output in endings.map { output + $0 } }
    for output in outputs {
      let (labels, rewards) = named(besideDataset: output)
      for check in [labels, rewards].compactMap(\.self) {
        let files = endings.map { check.prefix + $0 }.filter(DurableFile.exists)
        guard let file = files.first, !written.contains(file),
          FileIdentity.firstOutput([file], among: written) == nil
        else { continue }
        throw IndexedDataError.unsuitable(
          path: file,
          reason:
            "would pass for \(check.kind.rawValue) of \(output) by its name, and is not written"
            + " here; move it away, or give another output prefix")
      }
    }
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
