internal import Machine

/// Where the blocks of a file of token distributions begin, by their first documents.
struct BlockTable: Equatable {
  struct Entry: Equatable {
    var firstDocument: Int
    var offset: Int
  }

  static let endMagic = Array("NXTOPEND".utf8)
  static let trailerByteCount = 32

  var entries: [Entry] = []

  /// The table with its trailer, for a table that begins at `offset`.
  func bytes(at offset: Int) -> [UInt8] {
    var bytes = LittleEndianBytes()
    for entry in entries {
      bytes.append(UInt64(entry.firstDocument))
      bytes.append(UInt64(entry.offset))
    }
    let hash = unsafe ContentHash.hash(bytes.bytes.span.bytes)
    bytes.append(UInt64(entries.count))
    bytes.append(UInt64(offset))
    bytes.append(hash)
    return bytes.bytes + Self.endMagic
  }

  /// The block that holds a document.
  ///
  /// - Precondition: the document is one of the file's.
  func block(of document: Int) -> Int {
    var low = 0
    var high = entries.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if entries[middle].firstDocument <= document { low = middle } else { high = middle }
    }
    return low
  }

  /// Reads the table from the end of a file, and where it begins.
  ///
  /// - Throws: `malformed` where the file was cut or the table is not sound.
  static func read(
    _ file: FileBytes, _ shape: DistributionShape
  ) throws(IndexedDataError) -> (table: BlockTable, offset: Int) {
    let path = file.path
    let trailer = file.byteCount - trailerByteCount
    func malformed(
      _ byte: Int, _ what: String, _ expected: String, _ found: String
    ) -> IndexedDataError {
      .malformed(path: path, byte: byte, what: what, expected: expected, found: found)
    }
    guard trailer >= DistributionShape.byteCount else {
      throw malformed(file.byteCount, "trailer", "32 bytes", "the end of the file")
    }
    let room = (trailer - DistributionShape.byteCount) / 16
    let (count, hash) = try file.withBytes(at: trailer, count: trailerByteCount) {
      (bytes) throws(IndexedDataError) in
      guard bytes.extracting(24..<32).starts(with: endMagic) else {
        throw malformed(trailer + 24, "end", "NXTOPEND", "something else; was the file cut?")
      }
      let count = bytes.loadNumber(at: 0, UInt64.self)
      guard count <= room else {
        throw malformed(trailer, "number of blocks", "at most \(room)", "\(count)")
      }
      let offset = bytes.loadNumber(at: 8, UInt64.self)
      guard offset == trailer - 16 * Int(count) else {
        throw malformed(
          trailer + 8, "where the table begins", "\(trailer - 16 * Int(count))", "\(offset)")
      }
      return (Int(count), bytes.loadNumber(at: 16, UInt64.self))
    }
    let start = trailer - 16 * count
    let table = try file.withBytes(at: start, count: 16 * count) {
      (bytes) throws(IndexedDataError) in
      let found = ContentHash.hash(bytes)
      guard found == hash else {
        throw malformed(
          trailer + 16, "hash of the table", ContentHash.text(found), ContentHash.text(hash))
      }
      var table = BlockTable()
      table.entries.reserveCapacity(count)
      for place in 0..<count {
        let first = bytes.loadNumber(at: 16 * place, UInt64.self)
        let offset = bytes.loadNumber(at: 16 * place + 8, UInt64.self)
        let previous = table.entries.last
        let isSound =
          previous.map { first > $0.firstDocument && offset > $0.offset }
          ?? (first == 0 && offset == DistributionShape.byteCount)
        guard isSound, first < shape.documentCount, offset < start else {
          throw malformed(
            start + 16 * place, "table entry \(place)", "documents and places that grow",
            "document \(first) at \(offset)")
        }
        table.entries.append(Entry(firstDocument: Int(first), offset: Int(offset)))
      }
      return table
    }
    guard (count == 0) == (shape.documentCount == 0) else {
      throw malformed(
        trailer, "number of blocks", "some for \(shape.documentCount) documents", "\(count)")
    }
    guard count > 0 || start == DistributionShape.byteCount else {
      throw malformed(
        DistributionShape.byteCount, "bytes that belong to no block", "none",
        "\(start - DistributionShape.byteCount)")
    }
    return (table, start)
  }
}
