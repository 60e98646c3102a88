/// One of Unicode's normalisation forms, by Unicode 9.0.0 as in Hugging Face tokenizers 0.23.
///
/// Bytes that are not well-formed UTF-8 stay as they are, and nothing joins them.
enum NormalizationForm: String, CaseIterable, Sendable {
  /// Canonical composition.
  case nfc = "NFC"
  /// Canonical decomposition.
  case nfd = "NFD"
  /// Compatibility composition.
  case nfkc = "NFKC"
  /// Compatibility decomposition.
  case nfkd = "NFKD"

  /// Whether characters are composed after they were decomposed.
  var composes: Bool { self == .nfc || self == .nfkc }

  /// Whether compatibility characters are decomposed.
  var isCompatible: Bool { self == .nfkc || self == .nfkd }

  /// The property of characters that must not be passed over.
  var concern: NormalizationTables.Properties {
    switch self {
    case .nfc: .composes
    case .nfd: .decomposes
    case .nfkc: .composesCompatibly
    case .nfkd: .decomposesCompatibly
    }
  }
}

/// A place that normalisation changed: bytes of the text, and what they became.
struct NormalizationChange: Equatable {
  /// Where the bytes were.
  var input: Range<Int>
  /// Where their replacement is.
  var output: Range<Int>
}

/// Text in a normalisation form, and where it differs from what it was.
struct NormalizedText {
  /// The text.
  var bytes: [UInt8] = []
  /// What was rewritten, in order; between them both texts are equal.
  var changes: [NormalizationChange] = []

  /// The place in the original text for a place in this one; `nil` inside what was rewritten.
  func original(of place: Int) -> Int? {
    var low = 0
    var high = changes.count
    while low < high {
      let middle = (low + high) / 2
      if changes[middle].output.lowerBound <= place { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return place }
    let change = changes[low - 1]
    if place == change.output.lowerBound { return change.input.lowerBound }
    guard place >= change.output.upperBound else { return nil }
    return change.input.upperBound + place - change.output.upperBound
  }
}
