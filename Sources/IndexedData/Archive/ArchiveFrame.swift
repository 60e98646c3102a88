internal import Machine

/// What header and footer of an archive say.
struct ArchiveFrame {
  let blockByteCount: Int
  let contentsOffset: Int
  let contentsByteCount: Int
  let blockCount: Int
  /// XXH64 of header, contents and table.
  let hash: UInt64

  /// Where the table of blocks begins.
  var tableOffset: Int { contentsOffset + contentsByteCount }

  /// Reads them, and checks that the parts fill the file.
  ///
  /// - Throws: `malformed` where it is no archive, or was cut.
  init(_ file: FileBytes) throws(IndexedDataError) {
    let path = file.path
    let footer = file.byteCount - ArchiveLayout.footerByteCount
    func malformed(
      _ byte: Int, _ what: String, _ expected: String, _ found: String
    ) -> IndexedDataError {
      .malformed(path: path, byte: byte, what: what, expected: expected, found: found)
    }
    guard footer >= ArchiveLayout.headerByteCount else {
      throw malformed(
        file.byteCount, "length of the archive",
        "at least \(ArchiveLayout.headerByteCount + ArchiveLayout.footerByteCount) bytes",
        "\(file.byteCount); was the file cut?")
    }
    blockByteCount = try file.withBytes(at: 0, count: ArchiveLayout.headerByteCount) {
      (bytes) throws(IndexedDataError) in
      guard bytes.starts(with: ArchiveLayout.magic) else {
        throw malformed(0, "beginning", "NEOXPACK, as archives of datasets have", "something else")
      }
      let version = bytes.loadNumber(at: 8, UInt32.self)
      guard version == ArchiveLayout.version else {
        throw malformed(8, "version", "\(ArchiveLayout.version)", "\(version)")
      }
      let limit = Int(bytes.loadNumber(at: 12, UInt32.self))
      guard (1...ArchiveLayout.blockLimit).contains(limit) else {
        throw malformed(
          12, "bytes of a block", "1 to \(ArchiveLayout.blockLimit)", "\(limit)")
      }
      return limit
    }
    let numbers = try file.withBytes(at: footer, count: ArchiveLayout.footerByteCount) {
      (bytes) throws(IndexedDataError) in
      guard bytes.extracting(40..<48).starts(with: ArchiveLayout.endMagic) else {
        throw malformed(footer + 40, "end", "NEOXPEND", "something else; was the file cut?")
      }
      let found = ContentHash.hash(bytes.extracting(0..<32))
      let stated = bytes.loadNumber(at: 32, UInt64.self)
      guard found == stated else {
        throw malformed(
          footer + 32, "hash of the footer", ContentHash.text(found), ContentHash.text(stated))
      }
      return (0..<4).map { bytes.loadNumber(at: 8 * $0, UInt64.self) }
    }
    let room = UInt64(footer)
    guard numbers[0] >= UInt64(ArchiveLayout.headerByteCount), numbers[0] <= room,
      numbers[1] <= room - numbers[0],
      (room - numbers[0] - numbers[1]).quotientAndRemainder(
        dividingBy: UInt64(ArchiveLayout.entryByteCount)) == (numbers[2], 0)
    else {
      throw malformed(
        footer, "places of contents and table", "parts that end at \(footer)",
        "contents of \(numbers[1]) bytes at \(numbers[0]), and \(numbers[2]) blocks")
    }
    guard numbers[1] <= UInt64(ArchiveLayout.contentsLimit) else {
      throw malformed(
        footer + 8, "bytes of the contents", "at most \(ArchiveLayout.contentsLimit)",
        "\(numbers[1])")
    }
    contentsOffset = Int(numbers[0])
    contentsByteCount = Int(numbers[1])
    blockCount = Int(numbers[2])
    hash = numbers[3]
    try checkHash(file)
  }

  private func checkHash(_ file: FileBytes) throws(IndexedDataError) {
    var found = ContentHash()
    try file.withBytes(at: 0, count: ArchiveLayout.headerByteCount) { found.update($0) }
    let end = file.byteCount - ArchiveLayout.footerByteCount
    var place = contentsOffset
    while place < end {
      let step = min(1 << 20, end - place)
      try file.withBytes(at: place, count: step) { found.update($0) }
      place += step
    }
    guard found.value == hash else {
      throw .malformed(
        path: file.path, byte: end + 24, what: "hash of header, contents and table",
        expected: ContentHash.text(found.value), found: ContentHash.text(hash))
    }
  }
}
