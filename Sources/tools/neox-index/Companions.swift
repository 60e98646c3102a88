import Machine

/// The datasets that belong to a text and lie beside it under their usual names.
struct Companions {
  /// The prefixes of labels and rewards; `nil` where there are none.
  let labels: String?
  let rewards: String?

  /// Looks for them: `P_KEY_label_document` and `P_KEY_reward_document` beside `P_KEY_document`, and
  /// `P_label_document` beside `P_text_document`, as GPT-NeoX's script for masks calls it.
  init(besideDataset prefix: String) {
    let end = "_document"
    guard prefix.hasSuffix(end), Self.kind(ofDataset: prefix) == .text else {
      labels = nil
      rewards = nil
      return
    }
    let stem = String(prefix.dropLast(end.count))
    var names = [stem]
    if stem.hasSuffix("_text") { names.append(String(stem.dropLast("_text".count))) }
    labels = names.map { $0 + "_label" + end }.first(where: Self.exists)
    rewards = [stem + "_reward" + end].first(where: Self.exists)
  }

  /// What a dataset holds.
  enum Kind { case text, labels, rewards }

  /// What a dataset holds, by its name.
  static func kind(ofDataset prefix: String) -> Kind {
    if prefix.hasSuffix("_label_document") { return .labels }
    return prefix.hasSuffix("_reward_document") ? .rewards : .text
  }

  private static func exists(_ prefix: String) -> Bool {
    DurableFile.exists(prefix + ".idx") && DurableFile.exists(prefix + ".bin")
  }
}
