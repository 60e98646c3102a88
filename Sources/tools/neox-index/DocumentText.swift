import IndexedData
import Machine
import Tokenize

/// Ids and text of documents.
struct DocumentText {
  let dataset: IndexedDataset
  let tokenizer: (any Tokenizer)?

  /// Number of documents; sequences where the index does not tell documents apart.
  var documentCount: Int { dataset.tendedDocumentCount }

  /// Number of tokens in a document.
  func length(of document: Int) throws(IndexedDataError) -> Int {
    var length = 0
    for sequence in try dataset.tendedSequences(ofDocument: document) {
      // Sizes that cannot all be true may add up to more than a number holds.
      let (sum, overflow) = length.addingReportingOverflow(try dataset.size(of: sequence))
      guard !overflow else {
        throw IndexedDataError.unsuitable(
          path: dataset.indexPath,
          reason: "document \(document): the sizes of its sequences add up to too much")
      }
      length = sum
    }
    return length
  }

  /// The ids of a part of a document.
  func ids(_ part: DocumentPart) throws(IndexedDataError) -> [Int64] {
    var ids: [Int64] = []
    var place = 0
    for sequence in try dataset.tendedSequences(ofDocument: part.document) {
      let size = try dataset.size(of: sequence)
      let start = min(max(0, part.start - place), size)
      let end = max(start, min(part.end.map { $0 - place } ?? size, size))
      if end > start {
        var some = [Int64](repeating: 0, count: end - start)
        var span = some.mutableSpan
        try dataset.read(sequence, from: start, into: &span)
        ids += some
      }
      place += size
    }
    try requireStart(of: part, within: place)
    return ids
  }

  /// Checks that a part begins in a document of some length, or at its end.
  func requireStart(of part: DocumentPart, within length: Int) throws(IndexedDataError) {
    guard part.start <= length else {
      throw .outOfRange(
        path: dataset.prefix, what: "document \(part.document): token", asked: part.start,
        limit: length)
    }
  }

  /// The numbers of a document as fractions; of a companion, where `text` has the document.
  func fractions(ofDocument document: Int, of text: DocumentText? = nil) throws -> [Float] {
    var values: [Float] = []
    for sequence in try (text ?? self).dataset.tendedSequences(ofDocument: document) {
      var some = [Float](repeating: 0, count: try dataset.size(of: sequence))
      var span = some.mutableSpan
      try dataset.read(sequence, from: 0, into: &span)
      values += some
    }
    return values
  }

  /// The bytes that ids stand for; `nil` without a tokenizer.
  ///
  /// `stranger` is told of each id that the tokenizer does not know, and may end the work.
  func bytes(_ ids: [Int64], stranger: (Int64) throws -> Void) rethrows -> [UInt8]? {
    guard let tokenizer else { return nil }
    var bytes: [UInt8] = []
    for id in ids where !tokenizer.appendKnownBytes(of: id, to: &bytes) { try stranger(id) }
    return bytes
  }

  /// Ids as text for people, an unknown id as `<id 15496?>`; `nil` without a tokenizer.
  func words(_ ids: [Int64]) -> (text: String, isExact: Bool)? { tokenizer?.words(ids) }
}

extension Tokenizer {
  /// Ids as text for people, an unknown id as `<id 15496?>`.
  func words(_ ids: [Int64]) -> (text: String, isExact: Bool) {
    var words = (text: "", isExact: true)
    var bytes: [UInt8] = []
    func flush() {
      let shown = visibleText(bytes)
      words.text += shown.text
      if !shown.isExact { words.isExact = false }
      bytes = []
    }
    for id in ids where !appendKnownBytes(of: id, to: &bytes) {
      flush()
      words.text += "<id \(id)?>"
      words.isExact = false
    }
    flush()
    return words
  }

  /// Appends the bytes of an id; `false` when the tokenizer does not know it.
  func appendKnownBytes(of id: Int64, to bytes: inout [UInt8]) -> Bool {
    guard let token = TokenID(exactly: id) else { return false }
    let count = bytes.count
    appendBytes(of: token, to: &bytes)
    return bytes.count > count
  }
}

/// Text for people: bytes that are not UTF-8, and control characters, as `\xE2`.
func visibleText(_ bytes: [UInt8]) -> (text: String, isExact: Bool) {
  var text = ""
  var isExact = true
  var rest = bytes[...]
  while !rest.isEmpty {
    // As much as is valid UTF-8, found by halving what the decoder has to look at again.
    let valid = validPrefix(rest)
    for scalar in String(decoding: rest.prefix(valid), as: UTF8.self).unicodeScalars {
      if scalar.value < 0x20 && scalar != "\n" && scalar != "\t" || scalar.value == 0x7F {
        text += escaped(UInt8(scalar.value))
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
    rest = rest.dropFirst(valid)
    if let byte = rest.popFirst() {
      text += escaped(byte)
      isExact = false
    }
  }
  return (text, isExact)
}

private func escaped(_ byte: UInt8) -> String {
  let digits = String(byte, radix: 16, uppercase: true)
  return "\\x" + (byte < 16 ? "0" : "") + digits
}

/// How many bytes at the front are whole UTF-8 characters.
private func validPrefix(_ bytes: ArraySlice<UInt8>) -> Int {
  var decoder = Unicode.UTF8.ForwardParser()
  var iterator = bytes.makeIterator()
  var count = 0
  while case .valid(let scalar) = decoder.parseScalar(from: &iterator) { count += scalar.count }
  return count
}
