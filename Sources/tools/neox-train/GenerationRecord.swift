import CommandLineKit
import Machine
import Train

/// Where texts go: to standard output for people, and to a file as JSON lines.
struct GenerationRecord: ~Copyable {
  private let path: String?
  private var file: AppendFile?
  private let isPrinting: Bool

  /// Begins a file beside `path`, which gets its name at the end, and goes where a signal ends the
  /// program; `-` is standard output.
  init(path: String?) throws {
    self.path = path == "-" ? nil : path
    isPrinting = path != "-"
    guard let path = self.path else { return }
    RemovalBySignal.listen(Self.partial(path))
    file = try Self.naming(path) { () throws(SystemError) in
      try AppendFile(path: Self.partial(path))
    }
  }

  /// Removes what was not finished.
  deinit {
    if let path { try? DurableFile.remove(Self.partial(path)) }
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
    guard let path else { return }
    try Self.naming(path) { () throws(SystemError) in try unsafe file?.append(line.span.bytes) }
  }

  /// Gives the file its name.
  mutating func finish() throws {
    guard let path else { return }
    try Self.naming(path) { () throws(SystemError) in
      try file?.synchronize()
      try DurableFile.rename(Self.partial(path), to: path)
      try DurableFile.synchronizeFolder(of: path)
    }
    writeNote("texts are in \(path)")
  }

  private static func partial(_ path: String) -> String { path + ".partial" }

  /// Lets errors name the file that was asked for.
  private static func naming<Value: ~Copyable>(
    _ path: String, _ body: () throws(SystemError) -> Value
  ) throws(SystemError) -> Value {
    do throws(SystemError) { return try body() } catch {
      throw SystemError(call: error.call, path: path, code: error.code)
    }
  }
}
