// Sizes are known before anything of them is built: a template can ask for more than there is memory.

extension TemplateInterpreter {
  /// Refuses a text of `byteCount` bytes that is too long.
  func allow(byteCount: Int) throws(TokenizeError) {
    guard byteCount <= Self.largest else {
      throw failure("a string of more than \(Self.largest) bytes")
    }
  }

  /// Refuses a value of `weight` parts that is too large.
  func allow(weight: Int) throws(TokenizeError) {
    guard weight <= TemplateValue.heaviest else {
      throw failure("a value of more than \(TemplateValue.heaviest) parts")
    }
  }

  /// Appends a text, unless the result is too long.
  func append(_ part: TemplateText, to text: inout TemplateText) throws(TokenizeError) {
    try allow(byteCount: text.bytes.count + part.bytes.count)
    text.append(part)
  }

  /// A text with places of `old` replaced, unless it is too long.
  func replacing(
    _ old: TemplateText, with new: TemplateText, in text: TemplateText, limit: Int
  ) throws(TokenizeError) -> TemplateText {
    // Neither number is above ``largest``, so that their product fits.
    let count = text.count(of: old.bytes, limit: limit)
    try allow(byteCount: text.bytes.count + count * (new.bytes.count - old.bytes.count))
    return text.replacing(old, with: new, limit: limit)
  }

  /// The parts of a text between places of `separator`, unless they are too many.
  func parts(
    of text: TemplateText, at separator: [UInt8]?, limit: Int = .max
  ) throws(TokenizeError) -> [TemplateText] {
    let count = separator.map { text.count(of: $0, limit: limit) } ?? text.wordCount
    try allow(weight: min(count, limit) + 2)
    return text.split(separator, limit: limit)
  }

  /// The characters of a text, unless they are too many.
  func characters(of text: TemplateText) throws(TokenizeError) -> [TemplateValue] {
    try allow(weight: text.characterCount + 1)
    return text.characters.map { .text($0) }
  }

  /// Appends a value to those of a list, unless they are too many.
  func append(
    _ value: TemplateValue, to values: inout [TemplateValue], weight: inout Int
  ) throws(TokenizeError) {
    weight += value.weight
    try allow(weight: weight)
    values.append(value)
  }
}
