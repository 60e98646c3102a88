package import IndexedData
import Machine

/// What has become of a file since documents were read from it.
package enum OriginalFile: Equatable, Sendable {
  /// It is what it was, by its size and time, or by its hash.
  case same
  /// It has the same size and another time, and no hash was taken of it.
  case touched
  /// It was standard input or a pipe.
  case pipe
  /// It is gone.
  case missing
  /// It is another one; tells in what.
  case changed(String)

  /// Looks at a file where it lies now.
  ///
  /// Where only its time is another, it is read once and its hash compared.
  package init(_ file: SourceFile, at path: String) {
    guard file.path != "-", file.modified != 0 else {
      self = .pipe
      return
    }
    guard DurableFile.exists(path) else {
      self = .missing
      return
    }
    do throws(SystemError) {
      let now = try InputFile(path: path)
      guard now.byteCount == file.byteCount else {
        self = .changed("it had \(file.byteCount) bytes, and has \(now.byteCount) now")
        return
      }
      guard Int(now.modifiedNanoseconds) != file.modified else {
        self = .same
        return
      }
      guard !file.hash.isEmpty else {
        self = .touched
        return
      }
      let hash = try Self.hash(now)
      self = hash == file.hash ? .same : .changed("its hash was \(file.hash), and is \(hash) now")
    } catch {
      self = .changed("\(error)")
    }
  }

  private static func hash(_ file: borrowing InputFile) throws(SystemError) -> String {
    var hash = ContentHash()
    var buffer = ByteBuffer(capacity: 1 << 20)
    var place = 0
    while place < file.byteCount {
      buffer.removeAll()
      let count = try file.read(min(1 << 20, file.byteCount - place), at: place, to: &buffer)
      guard count > 0 else { break }
      hash.update(buffer.bytes)
      place += count
    }
    return "xxh64:" + ContentHash.text(hash.value)
  }
}
