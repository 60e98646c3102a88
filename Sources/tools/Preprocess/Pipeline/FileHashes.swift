import Glibc
import Machine

/// Hashes and sizes of the files that a manifest names.
package enum FileHashes {
  /// The files that a tokenizer is read from, with their SHA-256; of a folder, its files in order.
  ///
  /// A pipe has none: what the tokenizer takes of it nobody else can have.
  static func vocabulary(_ paths: [String]) throws(PipelineError) -> [Manifest.File] {
    var files: [Manifest.File] = []
    for path in paths {
      for file in filesOfVocabulary(at: path) {
        guard DurableFile.isRegular(file) else {
          files.append(.init(path: file, byteCount: 0, hash: ""))
          continue
        }
        do {
          let sum = try SHA256.hexadecimal(ofFileAt: file)
          files.append(.init(path: file, byteCount: size(of: file) ?? 0, hash: "sha256:" + sum))
        } catch {
          throw .system(error)
        }
      }
    }
    return files
  }

  /// The XXH64 of an input, read from its start to its end, each part when `mayRead` returns true;
  /// `nil` when it returns false.
  static func input(
    _ file: Manifest.File, mayRead: (Range<Int>) -> Bool
  ) throws(PipelineError) -> Manifest.File? {
    var hash = ContentHash()
    let opened: OpenFile
    var block = [UInt8](repeating: 0, count: min(file.byteCount, 1 << 17))
    var offset = 0
    do {
      opened = try OpenFile(file.path)
      while offset < file.byteCount {
        let range = offset..<min(offset + block.count, file.byteCount)
        guard mayRead(range) else { return nil }
        try opened.read(range, into: &block)
        unsafe hash.update(block.span.bytes.extracting(0..<range.count))
        offset = range.upperBound
      }
    } catch {
      throw .source(error)
    }
    var result = file
    result.hash = "xxh64:" + ContentHash.text(hash.value)
    return result
  }

  /// Bytes of a file; `nil` where there is none.
  static func size(of path: String) -> Int? {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    return Int(status.st_size)
  }

  /// The files of a vocabulary: those of a folder that are known, else the path itself.
  package static func filesOfVocabulary(at path: String) -> [String] {
    guard DurableFile.isFolder(path) else { return [path] }
    let names = [
      "added_tokens.json", "merges.txt", "special_tokens_map.json", "tokenizer.json",
      "tokenizer_config.json", "vocab.json",
    ]
    return names.map { path + "/" + $0 }.filter { DurableFile.exists($0) }
  }
}
