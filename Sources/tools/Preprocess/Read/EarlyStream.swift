import Machine

/// The content of a compressed input that is read ahead before anybody wants it: there is time while the
/// vocabulary is loaded.
package final class EarlyStream: Sendable {
  private let path: String
  private let stream: Monitor<AheadStream?>

  /// Begins to read a file, if it is a compressed one.
  ///
  /// What is wrong with it is left to whoever reads it.
  package init?(_ entry: InputList.Entry) {
    guard entry.isFile,
      let file = try? FileStream(OpenFile(entry.path), end: entry.byteCount),
      let head = try? PeekedStream(file).head,
      let wrapping = Wrapping(head: head), !wrapping.isArchive
    else { return nil }
    file.seek(to: 0)
    guard let content = try? wrapping.content(of: file) else { return nil }
    path = entry.path
    stream = Monitor(AheadStream(content))
  }

  /// What was begun, if this is the input; it ends when another is read first.
  func take(_ entry: InputList.Entry) -> AheadStream? {
    stream.withLock { stream in
      defer { stream = nil }
      return entry.path == path ? stream : nil
    }
  }
}
