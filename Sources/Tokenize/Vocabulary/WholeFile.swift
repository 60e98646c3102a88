internal import Glibc

/// The largest file that is read whole, in bytes.
private let largestFile = 1 << 30

/// Reads a vocabulary, or another file of a few numbers and words, whole.
///
/// - Throws: ``TokenizeError/unreadable(path:reason:)``, for a folder and for an empty file too.
package func readWholeFile(_ path: String) throws(TokenizeError) -> [UInt8] {
  let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw .unreadable(path: path, reason: systemReason(errno)) }
  defer { close(descriptor) }
  var status = stat()
  guard unsafe fstat(descriptor, &status) == 0 else {
    throw .unreadable(path: path, reason: systemReason(errno))
  }
  var bytes: [UInt8] = []
  // One byte more than the file has, so that its end is met in the first piece.
  var room = max(4096, min(Int(status.st_size), largestFile) + 1)
  while true {
    var code: Int32 = 0
    let piece = unsafe [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
      code = unsafe fill(buffer, &count, from: descriptor)
    }
    guard code == 0 else { throw .unreadable(path: path, reason: systemReason(code)) }
    if bytes.isEmpty { bytes = piece } else { bytes += piece }
    guard bytes.count <= largestFile else {
      throw .unreadable(
        path: path, reason: "it has more than \(largestFile) bytes, too many for a file of its kind"
      )
    }
    if piece.count < room { break }
    room = 1 << 18
  }
  guard !bytes.isEmpty else {
    throw .unreadable(path: path, reason: "the file is empty")
  }
  return bytes
}

/// Reads until a buffer is full or the file ends; returns the system's code of an error, or 0.
@unsafe
private func fill(
  _ buffer: UnsafeMutableBufferPointer<UInt8>, _ count: inout Int, from descriptor: Int32
) -> Int32 {
  guard let start = buffer.baseAddress else { return 0 }
  while count < buffer.count {
    let done = unsafe Glibc.read(descriptor, start + count, buffer.count - count)
    if done < 0, errno == EINTR { continue }
    if done < 0 { return errno }
    if done == 0 { break }
    count += done
  }
  return 0
}

/// Whether something lies at `path`.
func fileExists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

/// Whether a folder lies at `path`.
func isFolder(_ path: String) -> Bool {
  var status = stat()
  return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

private func systemReason(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }
