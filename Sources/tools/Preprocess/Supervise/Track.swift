import IndexedData
import Tokenize

/// One dataset of those that a run writes: the text of a member, or a companion of it.
struct Track: Equatable, Sendable {
  /// What a dataset holds.
  enum Kind: String, Sendable {
    case text = ""
    /// For each token itself, or −100.
    case labels = "_label"
    /// A number, or a few, for each document.
    case rewards = "_reward"
  }

  /// The member of the records.
  let key: String
  let kind: Kind
  let elementType: ElementType
  /// What the dataset's name has between the output prefix and `_document`.
  let name: String

  init(key: String, kind: Kind, elementType: ElementType, name: String? = nil) {
    self.key = key
    self.kind = kind
    self.elementType = elementType
    self.name = name ?? key + kind.rawValue
  }
}

extension Recipe {
  /// The datasets, each text before its companions.
  ///
  /// `textType` is the type of tokens where GPT-NeoX chooses one by the vocabulary; beside labels it
  /// takes 32 bits always.
  func tracks(textType: ElementType) -> [Track] {
    let kinds = companions
    let type = kinds.isEmpty && !supervision.isStructured ? textType : .int32
    return keys.flatMap { key in
      [Track(key: key, kind: .text, elementType: type)]
        + kinds.map {
          Track(
            key: key, kind: $0.kind, elementType: $0.type,
            name: $0.kind == .labels ? labelName(of: key) : nil)
        }
    }
  }

  /// The name that GPT-NeoX's script for masks gives the labels of `text`; `nil` for the usual one.
  private func labelName(of key: String) -> String? {
    if case .afterTokens = supervision, key == "text", !keys.contains("label") {
      "label"
    } else {
      nil
    }
  }

  /// The names of the datasets, as they stand in their paths.
  package var trackNames: [String] { tracks(textType: .int32).map(\.name) }

  /// The companions that each text gets.
  private var companions: [(kind: Track.Kind, type: ElementType)] {
    switch supervision {
    case .everything: return []
    case .afterTokens, .preference: return [(.labels, .int32)]
    case .chat(let chat):
      var kinds: [(kind: Track.Kind, type: ElementType)] = []
      if chat.options.layout != .unmasked { kinds.append((.labels, .int32)) }
      if let reward = chat.reward {
        kinds.append((.rewards, reward.element == .int32 ? .int32 : .float32))
      }
      return kinds
    }
  }
}

extension Supervision {
  /// Whether records are read as a whole, not as texts of members.
  var isStructured: Bool {
    switch self {
    case .everything, .afterTokens: false
    case .chat, .preference: true
    }
  }

  /// Whether a record must be in memory as a whole.
  var needsWholeRecords: Bool {
    if case .everything = self { false } else { true }
  }
}
