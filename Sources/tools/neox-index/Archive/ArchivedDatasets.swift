import CommandLineKit
import IndexedData
import Machine

/// How `neox-index pack` would have its archives called.
let archiveEnding = ".neoxpack"

/// Whether a path is an archive, or is called as one: a damaged one may not begin as archives do.
func isNamedArchive(_ path: String) -> Bool {
  path.hasSuffix(archiveEnding) || Archive.isArchive(path)
}

/// Opens a dataset by its prefix, or the one in an archive by the archive's path.
func openDataset(_ path: String, mode: ReadingMode = .mmap) throws -> IndexedDataset {
  isNamedArchive(path)
    ? try IndexedDataset(archive: Archive(path: path))
    : try IndexedDataset(prefix: path, mode: mode)
}

/// Lets errors name the option whose dataset is opened.
func naming<Value>(_ option: String, _ body: () throws -> Value) throws -> Value {
  do { return try body() } catch { throw MissingPath(error, of: option) }
}

/// Opens what tells where the documents of a dataset, or of the one in an archive, came from; `nil` where
/// there is nothing.
func openSources(_ path: String) throws -> DocumentSources? {
  isNamedArchive(path)
    ? try DocumentSources(archive: Archive(path: path)) : try DocumentSources(besideDataset: path)
}

/// Opens the labels or rewards that were packed with a dataset; `nil` where the path is no archive, or
/// holds none.
func openCompanion(_ word: String, ofArchive path: String) throws -> IndexedDataset? {
  guard isNamedArchive(path) else { return nil }
  let archive = try Archive(path: path)
  let name = archive.datasets.first { $0.ending.hasSuffix("_\(word)_document") }
  return try name.map { try IndexedDataset(archive: archive, $0) }
}
