import Glibc
import Machine

extension InputList {
  /// Looks whether the files are still what they were when they were listed.
  ///
  /// Files that are gone are none that changed: what was read of them was read.
  /// - Throws: ``PreprocessError/inputChanged(_:)`` for the first that has another size or time.
  func checkUnchanged() throws(PreprocessError) {
    for entry in entries where entry.isFile {
      let isSame: Bool
      do throws(SystemError) {
        let now = try InputFile(path: entry.path)
        isSame =
          now.byteCount == entry.byteCount && Int(now.modifiedNanoseconds) == entry.modified
      } catch {
        guard error.code == ENOENT else { throw .system(error) }
        continue
      }
      guard isSame else { throw .inputChanged(entry.path) }
    }
  }
}
