import Glibc
import Machine

/// The beginning of a file that is being fetched, `FILE.part`, and what it is a beginning of.
///
/// Beside it lies `FILE.part.origin`, four lines of text: the address, the size (−1 when unknown), the
/// entity tag and the date of the last change, the last two empty when the server did not say.
struct PartialFile {
  let path: String
  private let originPath: String

  /// The version of a file on a server.
  struct Origin: Equatable {
    var url: String
    var total: Int64
    var entityTag: String
    var lastModified: String

    /// What tells the server which version lies here: a strong entity tag, else a date.
    var validator: String {
      entityTag.hasPrefix("\"") ? entityTag : lastModified
    }
  }

  init(of finished: String) {
    path = finished + ".part"
    originPath = path + ".origin"
  }

  /// Opens the file for writing, made if it is absent.
  func openForWriting() throws(SystemError) -> Int32 {
    let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw SystemError(call: "open", path: path, code: errno) }
    return descriptor
  }

  /// What the bytes are a beginning of; `nil` when that is not known, so that they are worth nothing.
  func origin() -> Origin? {
    guard let text = smallText(originPath) else { return nil }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count == 5, let total = Int64(lines[1]), total >= -1 else { return nil }
    let origin = Origin(
      url: String(lines[0]), total: total, entityTag: String(lines[2]),
      lastModified: String(lines[3]))
    return origin.validator.isEmpty ? nil : origin
  }

  /// Remembers what the bytes are a beginning of.
  func remember(_ origin: Origin) throws(SystemError) {
    let fields = [origin.url, String(origin.total), origin.entityTag, origin.lastModified, ""]
    try DurableFile.replace(originPath, with: Array(fields.joined(separator: "\n").utf8))
  }

  /// Forgets what the bytes are a beginning of.
  func forgetOrigin() {
    unsafe unlink(originPath)
  }

  /// Removes the file and what is known of it.
  func remove() {
    unsafe unlink(path)
    unsafe unlink(originPath)
  }

  private func smallText(_ path: String) -> String? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = unsafe bytes.withUnsafeMutableBytes {
      unsafe read(descriptor, $0.baseAddress, 4096)
    }
    guard count >= 0, count < 4096 else { return nil }
    return String(decoding: bytes[..<count], as: UTF8.self)
  }
}
