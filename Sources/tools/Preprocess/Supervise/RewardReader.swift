import Tokenize

extension RewardChoice {
  /// Reads the reward of a record as the 32 bits of each number that is written.
  ///
  /// - Throws: ``RecordRefusal`` with the value that cannot be one.
  func bits(in record: JSONNode) throws(RecordRefusal) -> [UInt32] {
    guard let value = record[key] else {
      throw RecordRefusal("the object has no member \"\(key)\" for --reward-key")
    }
    guard let elements = value.elements else { return [try bits(of: value)] }
    guard !elements.isEmpty else {
      throw RecordRefusal("the reward \"\(key)\" is an empty list, and one number is needed")
    }
    var all: [UInt32] = []
    for element in elements { all.append(try bits(of: element)) }
    return all
  }

  private func bits(of value: JSONNode) throws(RecordRefusal) -> UInt32 {
    guard let number = value.boolean.map({ $0 ? 1 : 0 }) ?? value.number else {
      throw RecordRefusal("the reward \"\(key)\" holds \(value.kind.rawValue), not a number")
    }
    if isBinary { return pattern(of: number > 0 ? 1 : -1) }
    switch element {
    case .int32:
      guard let whole = Int32(exactly: number) else {
        let isWhole = number.rounded() == number
        throw RecordRefusal(
          "the reward \"\(key)\" is \(number), which is no "
            + (isWhole ? "whole number of 32 bits" : "whole number")
            + "; --reward-type float32 keeps it")
      }
      return UInt32(bitPattern: whole)
    case .float32:
      let bits = Float(number)
      guard bits.isFinite else {
        throw RecordRefusal("the reward \"\(key)\" is \(number), which is too large for float32")
      }
      return bits.bitPattern
    }
  }

  private func pattern(of number: Int32) -> UInt32 {
    element == .int32 ? UInt32(bitPattern: number) : Float(number).bitPattern
  }
}

/// Why a record cannot become documents.
struct RecordRefusal: Error {
  let reason: String
  /// The byte of the record, where that is known.
  var offset = 0
  /// Whether the tokenizer refused it, for the text of a special token.
  var isSpecialText = false

  init(_ reason: String) { self.reason = reason }

  init(_ error: TokenizeError, in key: String) {
    reason = "\(key): \(error.description)"
    if case .specialText = error { isSpecialText = true }
  }
}
