internal import Glibc

/// What tells a file from all others, whatever its names.
package struct FileIdentity: Hashable, Sendable {
  private let device: UInt64
  private let number: UInt64

  /// The file behind a path, links followed; `nil` where there is none.
  package init?(_ path: String) {
    var facts = stat()
    guard unsafe stat(path, &facts) == 0 else { return nil }
    device = UInt64(facts.st_dev)
    number = UInt64(facts.st_ino)
  }

  /// The file behind a descriptor; `nil` where there is none.
  init?(descriptor: Int32) {
    var facts = stat()
    guard unsafe fstat(descriptor, &facts) == 0 else { return nil }
    device = UInt64(facts.st_dev)
    number = UInt64(facts.st_ino)
  }

  /// The path from the root, links followed; as it is where nothing lies there.
  package static func absolute(_ path: String) -> String {
    guard let resolved = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  /// The first of `outputs` that is one of `inputs`, under whatever name.
  package static func firstOutput(_ outputs: [String], among inputs: [String]) -> String? {
    let files = Set(inputs.compactMap { FileIdentity($0) })
    return outputs.first { path in FileIdentity(path).map { files.contains($0) } ?? false }
  }
}
