import Glibc
import IndexedData
import Machine

/// The datasets in a folder, by name.
struct DatasetFolder {
  /// Their prefixes, sorted.
  let prefixes: [String]
  /// Their names, without the folder.
  let names: [String]
  /// Names of files that belong to none, sorted; manifests and sources belong to theirs.
  let strays: [String]

  /// Lists a folder; `nil` when the path is not one.
  init?(_ path: String) throws(SystemError) {
    guard DurableFile.isFolder(path) else { return nil }
    guard let stream = unsafe opendir(path) else {
      throw SystemError(call: "opendir", path: path, code: errno)
    }
    defer { unsafe closedir(stream) }
    var names: Set<String> = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.insert(name) }
    }
    let stems = names.filter { $0.hasSuffix(".idx") }.map { String($0.dropLast(4)) }
      .filter { names.contains($0 + ".bin") }
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    self.names = stems
    prefixes = stems.map { (path.hasSuffix("/") ? path : path + "/") + $0 }
    let known = Set(stems.flatMap { [$0 + ".idx", $0 + ".bin", $0 + ".src"] })
    strays = names.subtracting(known).filter { !$0.hasSuffix(ManifestName.ending) }.sorted()
  }
}
