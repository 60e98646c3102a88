import Machine

/// A file that is open for reading at any offset, shared by threads; it closes with its last user.
package final class OpenFile: Sendable {
  /// The path it was opened by, for messages.
  package var path: String { file.path }
  private let file: InputFile

  /// Opens a file.
  package init(_ path: String) throws(PreprocessError) {
    do throws(SystemError) {
      file = try InputFile(path: path)
    } catch {
      throw .system(error)
    }
  }

  /// Takes over an open descriptor.
  init(descriptor: Int32, path: String) {
    file = InputFile(adopting: descriptor, path: path)
  }

  /// Reads until `buffer` is full or the file ends, and returns the number of bytes.
  func read(
    into buffer: UnsafeMutableRawBufferPointer, at offset: Int
  ) throws(PreprocessError) -> Int {
    do throws(SystemError) {
      return try unsafe file.read(into: buffer, at: offset)
    } catch {
      throw .system(error)
    }
  }

  /// Reads `range` of the file into the front of `bytes`, which must be long enough.
  ///
  /// - Throws: ``PreprocessError/inputChanged(_:)`` when the file ends before the range does.
  package func read(
    _ range: Range<Int>, into bytes: inout [UInt8]
  ) throws(PreprocessError) {
    precondition(bytes.count >= range.count)
    let count = try unsafe bytes.withUnsafeMutableBufferPointer {
      (all) throws(PreprocessError) -> Int in
      let target = unsafe UnsafeMutableRawBufferPointer(
        start: all.baseAddress, count: range.count)
      return try unsafe read(into: target, at: range.lowerBound)
    }
    guard count == range.count else { throw .inputChanged(path) }
  }
}
