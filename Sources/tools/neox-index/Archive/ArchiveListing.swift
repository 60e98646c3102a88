import CommandLineKit
import IndexedData
import Machine

/// What is in an archive, for people and for scripts.
struct ArchiveListing {
  private let archive: Archive
  private let dataset: IndexedDataset

  init(path: String) throws {
    archive = try Archive(path: path)
    dataset = try IndexedDataset(archive: archive)
  }

  /// Prints a line of the whole, and with `showsMembers` one a file before it.
  func print(isJSON: Bool, showsMembers: Bool) {
    guard !isJSON else { return printJSON(json) }
    if showsMembers {
      var table = TextTable([.left("file"), .right("bytes"), .right("packed"), .left("xxh64")])
      for member in archive.members {
        table.add([
          archive.originalName(of: member), grouped(member.byteCount),
          grouped(archive.packedByteCount(of: member)), ContentHash.text(member.hash),
        ])
      }
      StandardOutput.shared.write(table.text)
    }
    let raw = archive.memberByteCount
    let ratio = archive.byteCount == 0 ? 0 : Double(raw) / Double(archive.byteCount)
    StandardOutput.shared.line(
      "\(archive.path): \(archive.datasetName), \(counted(dataset.tendedDocumentCount, "document")),"
        + " \(counted(dataset.tokenCount, "token")), \(dataset.elementType.rawValue);"
        + " \(counted(archive.members.count, "file")) of \(humanBytes(raw)) in"
        + " \(humanBytes(archive.byteCount)), \(fixed(ratio, 2)) to 1")
  }

  private var json: JSONText {
    let members = archive.members.map { member -> JSONText in
      [
        "name": .string(archive.originalName(of: member)), "bytes": JSONText(member.byteCount),
        "packed_bytes": JSONText(archive.packedByteCount(of: member)),
        "xxh64": .string(ContentHash.text(member.hash)),
      ]
    }
    return [
      "archive": .string(archive.path), "dataset": .string(archive.datasetName),
      "documents": JSONText(dataset.tendedDocumentCount),
      "sequences": JSONText(dataset.sequenceCount), "tokens": JSONText(dataset.tokenCount),
      "element_type": .string(dataset.elementType.rawValue),
      "bytes": JSONText(archive.memberByteCount), "packed_bytes": JSONText(archive.byteCount),
      "block_bytes": JSONText(archive.blockByteCount), "files": .array(members),
    ]
  }
}
