import Machine

/// The lines of a quarantine file: records that could not become documents, each with its place.
///
/// `{"file":…,"line":…,"byte":…,"reason":…,"raw":…}`. A record that is not UTF-8, and one too long to
/// be held in memory, is kept in hexadecimal as `raw_hex`, so that it can be had back byte for byte.
enum Quarantine {
  /// The path of the quarantine file of an output prefix.
  static func path(prefix: String) -> String { prefix + "_quarantine.jsonl" }

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
    var line = Array(head.bytes().dropLast())
    switch fault.record {
    case .bytes(let bytes):
      if let text = String(validating: bytes, as: UTF8.self) {
        line += Array(",\"raw\":".utf8)
        JSONText.appendString(text, to: &line)
      } else {
        line += Array(",\"raw_hex\":\"".utf8) + hexadecimal(bytes[...]) + [UInt8(ascii: "\"")]
      }
    case .extent(let file, let range):
      try append(line + Array(",\"raw_hex\":\"".utf8))
      var block = [UInt8](repeating: 0, count: min(range.count, 1 << 20))
      var start = range.lowerBound
      while start < range.upperBound {
        let end = min(start + block.count, range.upperBound)
        do {
          try file.read(start..<end, into: &block)
        } catch {
          throw .source(error)
        }
        try append(hexadecimal(block[..<(end - start)]))
        start = end
      }
      line = [UInt8(ascii: "\"")]
    }
    try append(line + Array("}\n".utf8))
  }

  private static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(2 * bytes.count)
    for byte in bytes { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
    return text
  }
}
