import Machine

/// The lines of a quarantine file: records that could not become documents, each with its place.
///
/// `{"file":…,"line":…,"byte":…,"reason":…,"raw":…}`. A record that is not UTF-8 is kept in hexadecimal
/// as `raw_hex`, so that it can be had back byte for byte.
enum Quarantine {
  /// The path of the quarantine file of an output prefix.
  static func path(prefix: String) -> String { prefix + "_quarantine.jsonl" }

  /// Bytes of a long record that are in memory at a time.
  private static let blockBytes = 1 << 20

  /// Gives the line of one record to `append`, in pieces.
  ///
  /// - Throws: ``PipelineError`` when a long record cannot be read again, and what `append` throws.
  static func write(
    _ fault: Fault, at place: Place, append: ([UInt8]) throws(PipelineError) -> Void
  ) throws(PipelineError) {
    let head: JSONText = .object([
      .init("file", .string(place.name)), .init("line", JSONText(place.line)),
      .init("byte", JSONText(place.byte)), .init("reason", .string(fault.reason)),
    ])
    try append(Array(head.bytes().dropLast()))
    switch fault.record {
    case .bytes(let bytes): try write(bytes, append)
    case .extent(let file, let range): try write(range, of: file, append)
    }
    try append(Array("}\n".utf8))
  }

  private static func write(
    _ record: [UInt8], _ append: ([UInt8]) throws(PipelineError) -> Void
  ) throws(PipelineError) {
    var checker = UTF8Checker()
    let isText = checker.firstFault(in: record.span) == nil && !checker.isInside
    try append(Array((isText ? ",\"raw\":\"" : ",\"raw_hex\":\"").utf8))
    try append(coded(record[...], isText))
    try append([UInt8(ascii: "\"")])
  }

  private static func write(
    _ range: Range<Int>, of file: OpenFile, _ append: ([UInt8]) throws(PipelineError) -> Void
  ) throws(PipelineError) {
    var block = [UInt8](repeating: 0, count: min(range.count, blockBytes))
    var checker = UTF8Checker()
    var isText = true
    for part in parts(of: range) where isText {
      try read(part, of: file, into: &block)
      isText = checker.firstFault(in: block.span.extracting(first: part.count)) == nil
    }
    isText = isText && !checker.isInside
    try append(Array((isText ? ",\"raw\":\"" : ",\"raw_hex\":\"").utf8))
    for part in parts(of: range) {
      try read(part, of: file, into: &block)
      try append(coded(block[..<part.count], isText))
    }
    try append([UInt8(ascii: "\"")])
  }

  private static func parts(of range: Range<Int>) -> [Range<Int>] {
    stride(from: range.lowerBound, to: range.upperBound, by: blockBytes).map {
      $0..<min($0 + blockBytes, range.upperBound)
    }
  }

  private static func coded(_ bytes: ArraySlice<UInt8>, _ isText: Bool) -> [UInt8] {
    guard isText else { return hexadecimal(bytes) }
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count + bytes.count / 8)
    JSONText.appendEscaped(bytes, to: &text)
    return text
  }

  private static func read(
    _ range: Range<Int>, of file: OpenFile, into block: inout [UInt8]
  ) throws(PipelineError) {
    do {
      try file.read(range, into: &block)
    } catch {
      throw .source(error)
    }
  }

  private static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(2 * bytes.count)
    for byte in bytes { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
    return text
  }
}
