import Glibc
import Machine

/// A temporary file without a name that holds one long record of a stream that cannot go back.
struct SpoolFile {
  let file: OpenFile
  private let descriptor: Int32
  private(set) var byteCount = 0

  /// Makes an empty file in a folder; it vanishes with its last user, even when the process is killed.
  init(in folder: String) throws(PreprocessError) {
    do throws(SystemError) {
      descriptor = try UnnamedFile.open(in: folder)
    } catch {
      throw .system(error)
    }
    file = OpenFile(descriptor: descriptor, path: "\(folder)/neox-spool")
  }

  /// Appends bytes.
  mutating func append(_ bytes: Span<UInt8>) throws(PreprocessError) {
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes.extracting(done...).withUnsafeBufferPointer {
        unsafe write(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw .system(SystemError(call: "write", path: file.path, code: errno))
      }
      done += count
    }
    byteCount += bytes.count
  }
}
