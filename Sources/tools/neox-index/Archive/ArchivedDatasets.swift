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
