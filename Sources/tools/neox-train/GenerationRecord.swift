import CommandLineKit
import Machine
import Train

/// Where texts go: to standard output for people, and to a file as JSON lines.
struct GenerationRecord: ~Copyable {
  private let path: String?
  private var file: AppendFile?
  private let isPrinting: Bool

  /// Begins a file beside `path`, which gets its name at the end; `-` is standard output.
  init(path: String?) throws {
    self.path = path == "-" ? nil : path
    isPrinting = path != "-"
    file = try self.path.map { try AppendFile(path: $0 + ".partial") }
  }

  /// Takes a text in; `isShown` where it was printed while it was made.
  mutating func add(_ text: GeneratedText, isShown: Bool = false) throws {
    if let warning = text.warning { writeNote(warning) }
    if let message = text.message { writeNote(message) }
    let line = text.json.bytes() + [0x0A]
    if isPrinting {
      if !isShown { StandardOutput.shared.line(text.context + (text.text ?? "")) }
    } else {
      StandardOutput.shared.write(line)
    }
    StandardOutput.shared.flush()
    try unsafe file?.append(line.span.bytes)
  }

  /// Gives the file its name.
  consuming func finish() throws {
    guard let path else { return }
    try file?.synchronize()
    try DurableFile.rename(path + ".partial", to: path)
    try DurableFile.synchronizeFolder(of: path)
    writeNote("texts are in \(path)")
  }
}
