internal import Machine

extension IndexedDataset {
  /// Opens a dataset inside an archive; what is read is decompressed block by block.
  ///
  /// - Parameters:
  ///   - archive: The archive.
  ///   - name: The dataset's name, which follows from that of the one that was packed.
  /// - Throws: `unsuitable` where there is none of the name, and what opening a dataset throws.
  package convenience init(
    archive: Archive, _ name: ArchivedName = ArchivedName()
  ) throws(IndexedDataError) {
    guard let index = archive.member(name.member(".idx")),
      let elements = archive.member(name.member(".bin"))
    else {
      throw .unsuitable(
        path: archive.path, reason: "holds no dataset \(name.original(archive.datasetName))")
    }
    try self.init(
      prefix: archive.path + "!" + name.original(archive.datasetName),
      index: .archived(ArchivedFile(archive, index)),
      elements: .archived(ArchivedFile(archive, elements)))
  }
}

/// The name of a dataset in an archive: that of the one that was packed with another end.
package struct ArchivedName: Sendable, Hashable {
  /// What is taken off the end of the packed dataset's name; nothing for the one itself.
  package var replaced = ""
  /// What is put there.
  package var ending = ""

  /// Names the dataset that was packed.
  package init() {}

  init(_ index: MemberName) {
    replaced = index.replaced
    ending = String(index.ending.dropLast(4))
  }

  /// The name of a file of it.
  func member(_ suffix: String) -> MemberName {
    MemberName(knownReplaced: replaced, ending: ending + suffix)
  }

  /// The prefix of it, where that of the packed dataset is `prefix`; `nil` where that ends otherwise
  /// than the name asks for.
  package func prefix(for prefix: String) -> String? {
    prefix.hasSuffix(replaced) ? prefix.dropLast(replaced.count) + ending : nil
  }

  func original(_ datasetName: String) -> String { prefix(for: datasetName) ?? ending }
}

extension Archive {
  /// The datasets in the archive: the one that was packed and its companions.
  package var datasets: [ArchivedName] {
    members.filter { $0.name.ending.hasSuffix(".idx") }.map { ArchivedName($0.name) }
      .filter { member($0.member(".bin")) != nil }
  }

  /// The bytes of a member that is expected to be short.
  ///
  /// - Throws: `unsuitable` where it is longer than 64 MiB, `malformed` where a block is damaged.
  package func bytes(of member: ArchiveMember) throws(IndexedDataError) -> [UInt8] {
    guard member.byteCount <= 64 << 20 else {
      throw .unsuitable(path: path, reason: "\(originalName(of: member)) is too long to be read")
    }
    return try ArchivedFile(self, member).withBytes(at: 0, count: member.byteCount) { bytes in
      (0..<bytes.byteCount).map { bytes.loadNumber(at: $0, UInt8.self) }
    }
  }
}
