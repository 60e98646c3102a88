import Machine

/// The lines of a quarantine file: records that could not become documents, each with its place.
///
/// `{"file":…,"line":…,"byte":…,"reason":…,"raw":…}`. A record that is not UTF-8, and one of more than
/// 1 MiB, is kept in hexadecimal as `raw_hex`, so that it can be had back byte for byte.
enum Quarantine {
  /// The path of the quarantine file of an output prefix.
  static func path(prefix: String) -> String { prefix + "_quarantine.jsonl" }

  /// Longer records are kept in hexadecimal, whether they were held in memory or not, so that the
  /// file does not depend on the memory there was.
  private static let textLimit = 1 << 20

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
    var member: [UInt8]
    if record.count <= textLimit, let text = String(validating: record, as: UTF8.self) {
      member = Array(",\"raw\":".utf8)
      JSONText.appendString(text, to: &member)
    } else {
      member = Array(",\"raw_hex\":\"".utf8) + hexadecimal(record[...]) + [UInt8(ascii: "\"")]
    }
    try append(member)
  }

  private static func write(
    _ range: Range<Int>, of file: OpenFile, _ append: ([UInt8]) throws(PipelineError) -> Void
  ) throws(PipelineError) {
    var block = [UInt8](repeating: 0, count: min(range.count, textLimit))
    guard range.count > textLimit else {
      try read(range, of: file, into: &block)
      return try write(block, append)
    }
    try append(Array(",\"raw_hex\":\"".utf8))
    var start = range.lowerBound
    while start < range.upperBound {
      let end = min(start + block.count, range.upperBound)
      try read(start..<end, of: file, into: &block)
      try append(hexadecimal(block[..<(end - start)]))
      start = end
    }
    try append([UInt8(ascii: "\"")])
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
