import Glibc
import Machine

/// A regular file that is open for reading at any offset, shared by threads; it closes with its last
/// user.
package final class OpenFile: Sendable {
  /// The path it was opened by, for messages.
  package let path: String
  private let descriptor: Int32

  /// Opens a file.
  package init(_ path: String) throws(PreprocessError) {
    let opened = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard opened >= 0 else {
      throw .system(SystemError(call: "open", path: path, code: errno))
    }
    self.path = path
    descriptor = opened
  }

  /// Takes over an open descriptor.
  init(descriptor: Int32, path: String) {
    self.path = path
    self.descriptor = descriptor
  }

  deinit {
    close(descriptor)
  }

  /// Reads until `buffer` is full or the file ends, and returns the number of bytes.
  func read(
    into buffer: UnsafeMutableRawBufferPointer, at offset: Int
  ) throws(PreprocessError) -> Int {
    var done = 0
    while done < buffer.count {
      let count = unsafe pread(
        descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done, offset + done)
      if count == 0 { break }
      if count < 0 {
        if errno == EINTR { continue }
        throw .system(SystemError(call: "pread", path: path, code: errno))
      }
      done += count
    }
    return done
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
