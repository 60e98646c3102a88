/// Turns CRLF and CR into LF, as Python does when it opens a file as text, in pieces of any size.
struct NewlineTranslator: Sendable {
  private var hasCarriageReturn = false

  /// Appends the translation of the next bytes; a CR at their end waits for what follows it.
  mutating func translate(_ bytes: Span<UInt8>, into text: inout [UInt8]) {
    text.reserveCapacity(text.count + bytes.count)
    for index in bytes.indices {
      let byte = bytes[index]
      if hasCarriageReturn {
        hasCarriageReturn = false
        text.append(0x0A)
        if byte == 0x0A { continue }
      }
      if byte == 0x0D {
        hasCarriageReturn = true
      } else {
        text.append(byte)
      }
    }
  }

  /// Appends what still waits at the end of the text.
  mutating func finish(into text: inout [UInt8]) {
    if hasCarriageReturn { text.append(0x0A) }
    hasCarriageReturn = false
  }
}
