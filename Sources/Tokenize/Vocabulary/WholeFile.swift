internal import Glibc

/// Reads a vocabulary file whole.
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
  bytes.reserveCapacity(max(0, Int(status.st_size)))
  var chunk = [UInt8](repeating: 0, count: 1 << 18)
  while true {
    let count = unsafe chunk.withUnsafeMutableBytes { buffer in
      unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
    }
    if count < 0, errno == EINTR { continue }
    guard count >= 0 else { throw .unreadable(path: path, reason: systemReason(errno)) }
    if count == 0 { break }
    bytes += chunk[..<count]
  }
  guard !bytes.isEmpty else {
    throw .unreadable(path: path, reason: "the file is empty; a vocabulary was expected")
  }
  return bytes
}

/// Whether something lies at `path`.
func fileExists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

/// Whether a folder lies at `path`.
func isFolder(_ path: String) -> Bool {
  var status = stat()
  return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

private func systemReason(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }
