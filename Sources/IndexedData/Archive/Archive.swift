internal import Machine

/// A dataset in a block-compressed archive, open for reading at any place.
///
/// Opening reads header, contents and table, whose hash covers each of their bytes. What they say is
/// checked before it is used, so the worst that a file can hold is an error.
package final class Archive: Sendable {
  /// Its path.
  package let path: String
  /// The name of the dataset that was packed, without a folder.
  package let datasetName: String
  /// The files in it.
  package let members: [ArchiveMember]
  /// The most bytes of a block before compression.
  package let blockByteCount: Int
  let blocks: [ArchiveBlock]
  let file: FileBytes

  /// The archive's own bytes.
  package var byteCount: Int { file.byteCount }
  /// Bytes of all members.
  package var memberByteCount: Int { members.reduce(0) { $0 + $1.byteCount } }

  /// Opens an archive.
  ///
  /// - Throws: `malformed` where it is none, was cut, or is damaged.
  package init(path: String) throws(IndexedDataError) {
    let file = try FileBytes(path: path, mode: .pread)
    let frame = try ArchiveFrame(file)
    let contents = try ArchiveContents(file, frame)
    let blocks = try ArchiveTable.read(file, frame, contents)
    self.path = path
    self.file = file
    self.blocks = blocks
    datasetName = contents.datasetName
    members = contents.members
    blockByteCount = frame.blockByteCount
  }

  /// Whether a path is a file that begins as archives do.
  package static func isArchive(_ path: String) -> Bool {
    guard !DurableFile.isFolder(path), let file = try? FileBytes(path: path, mode: .pread),
      file.byteCount >= ArchiveLayout.magic.count
    else { return false }
    let begins = try? file.withBytes(at: 0, count: ArchiveLayout.magic.count) {
      (bytes) throws(IndexedDataError) in bytes.starts(with: ArchiveLayout.magic)
    }
    return begins == true
  }

  /// Says that an archive is none of the datasets that are files of their own.
  ///
  /// - Throws: `unsuitable` where there is an archive under a path, and no index beside it.
  static func requireFiles(of prefix: String) throws(IndexedDataError) {
    guard !DurableFile.exists(prefix + ".idx"), isArchive(prefix) else { return }
    throw .unsuitable(
      path: prefix,
      reason: "is an archive, which only show, sample, grep, where, info, stats, diff, export and"
        + " verify read as it is; write its files with neox-index unpack, and name their prefix")
  }

  /// What a member was called before it was packed.
  package func originalName(of member: ArchiveMember) -> String {
    member.name.path(of: datasetName) ?? member.name.ending
  }

  /// Bytes of a member's payloads.
  package func packedByteCount(of member: ArchiveMember) -> Int {
    guard let first = blocks[member.blocks].first, let last = blocks[member.blocks].last else {
      return 0
    }
    return last.payloadEnd - first.payloadOffset
  }

  /// The member whose name follows so from the dataset's.
  package func member(_ name: MemberName) -> ArchiveMember? { members.first { $0.name == name } }

  /// Appends the bytes of a block.
  ///
  /// - Throws: `malformed` where the payload is not what it was.
  func read(
    _ block: Int, of member: ArchiveMember, _ decompressor: inout BlockDecompressor,
    to bytes: inout ByteBuffer
  ) throws(IndexedDataError) {
    let entry = blocks[block]
    bytes.removeAll()
    let problem = try file.withBytes(
      at: entry.payloadOffset, count: Int(entry.payloadByteCount)
    ) { decompressor.decompress($0, entry, to: &bytes) }
    func damaged(_ expected: String, _ found: String) -> IndexedDataError {
      .malformed(
        path: path, byte: entry.payloadOffset,
        what: "block \(block), bytes \(entry.range.lowerBound) to \(entry.range.upperBound) of"
          + " \(originalName(of: member))",
        expected: expected, found: found)
    }
    if let problem {
      throw damaged("\(entry.byteCount) bytes once decompressed", problem)
    }
    let hash = ContentHash.hash(bytes.bytes)
    guard hash == entry.hash else {
      throw damaged("the hash \(ContentHash.text(entry.hash))", ContentHash.text(hash))
    }
  }
}
