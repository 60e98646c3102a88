import CommandLineKit
import Train

/// A conversation at a terminal: a prompt, the text that follows it, and again.
struct InteractivePrompts {
  /// What ends a prompt.
  let end: String
  let generator: TextGenerator

  /// Runs until the input ends.
  func run(_ record: inout GenerationRecord) throws {
    var number = 0
    while let prompt = nextPrompt() {
      guard !prompt.isEmpty else {
        writeNote("a prompt should not be empty")
        continue
      }
      write("Generated Text: ")
      var text = PartialText()
      let answer = try generator.text(after: prompt, number: number) { write(text.take($0)) }
      write(text.rest() + "\n")
      try record.add(answer, isShown: true)
      number += 1
    }
    write("\n")
  }

  private func write(_ text: String) {
    StandardOutput.shared.write(text)
    StandardOutput.shared.flush()
  }

  /// The lines up to the end of a prompt; `nil` at the end of the input.
  private func nextPrompt() -> String? {
    write("Context prompt >>> ")
    var text = ""
    while let line = readLine(strippingNewline: false) {
      text += line
      guard let range = text.firstRange(of: end) else { continue }
      return String(text[..<range.lowerBound])
    }
    while text.hasSuffix("\n") { text.removeLast() }
    return text.isEmpty ? nil : text
  }
}

/// Bytes of text that come in pieces, which may cut characters apart.
struct PartialText {
  private var bytes: [UInt8] = []

  /// Adds bytes; returns the characters that are whole.
  mutating func take(_ new: [UInt8]) -> String {
    bytes += new
    // A character has at most four bytes: what is not whole after three more never will be.
    for count in 0...min(3, bytes.count) {
      let whole = bytes.dropLast(count)
      guard String(validating: whole, as: UTF8.self) != nil || count == 3 else { continue }
      bytes.removeFirst(whole.count)
      return String(decoding: whole, as: UTF8.self)
    }
    return ""
  }

  /// What is left at the end.
  mutating func rest() -> String {
    defer { bytes.removeAll() }
    return String(decoding: bytes, as: UTF8.self)
  }
}
