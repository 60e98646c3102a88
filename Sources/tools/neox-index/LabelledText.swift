import IndexedData
import Machine
import Preprocess
import Tokenize

/// A text with its labels, rewards and reference log-probabilities.
struct LabelledText {
  /// A reward, of either type that there is.
  enum Number {
    case whole(Int64)
    case fraction(Float)

    var text: String {
      switch self {
      case .whole(let value): "\(value)"
      case .fraction(let value): "\(value)"
      }
    }

    var json: JSONText {
      switch self {
      case .whole(let value): .integer(value)
      case .fraction(let value): .number(Double(value))
      }
    }
  }

  let text: DocumentText
  let labels: IndexedDataset?
  let rewards: IndexedDataset?
  let references: IndexedDataset?

  /// Whether there is anything beside the text.
  var hasAny: Bool { labels != nil || rewards != nil || references != nil }

  /// Checks that there is a companion's document for each of the text.
  func check() throws {
    if let labels { try text.dataset.requireFit(of: labels) }
    if let references, references.elementType != .float32 {
      throw IndexedDataError.unsuitable(
        path: references.prefix,
        reason: "holds \(references.elementType.rawValue), and log-probabilities are float32")
    }
    let rows = [rewards, references].compactMap(\.self)
    for companion in rows where companion.sequenceCount < text.dataset.sequenceCount {
      throw IndexedDataError.unsuitable(
        path: companion.prefix,
        reason: "has \(companion.sequenceCount) documents, and \(text.dataset.prefix) has "
          + "\(text.dataset.sequenceCount)")
    }
  }

  /// The tokens of a part of a document.
  func rows(_ part: DocumentPart) throws -> [TokenRow] {
    let ids = try text.ids(part)
    let labels = try self.labels.map {
      try DocumentText(dataset: $0, tokenizer: nil).ids(part)
    }
    let references =
      try self.references.map {
        try DocumentText(dataset: $0, tokenizer: nil).fractions(
          ofDocument: part.document, of: text)
      } ?? []
    return ids.indices.map { index in
      var row = TokenRow(id: ids[index], tokenizer: text.tokenizer)
      row.label = labels?[index]
      // A model gives the first token no probability.
      let place = part.start + index - 1
      if references.indices.contains(place) { row.reference = references[place] }
      return row
    }
  }

  /// The reward of a document.
  func reward(of document: Int) throws -> [Number]? {
    guard let rewards else { return nil }
    let whole = DocumentText(dataset: rewards, tokenizer: nil)
    guard rewards.elementType.isFloatingPoint else {
      return try whole.ids(DocumentPart(document: document, start: 0, end: nil)).map { .whole($0) }
    }
    return try whole.fractions(ofDocument: document).map { .fraction($0) }
  }
}

extension TokenRow {
  /// A token and what it stands for, which is nothing where the tokenizer does not know it.
  init(id: Int64, tokenizer: (any Tokenizer)?) {
    var bytes: [UInt8] = []
    if let tokenizer { _ = tokenizer.appendKnownBytes(of: id, to: &bytes) }
    self.init(id: id, bytes: tokenizer == nil ? nil : bytes)
  }
}
