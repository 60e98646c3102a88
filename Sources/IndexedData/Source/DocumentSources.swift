internal import Machine

/// Where the documents of a dataset came from, by the file `PREFIX.src` beside it.
///
/// Opening reads the table of files and the trailer, a document only its block. Nothing in the file is
/// trusted: whatever is read is checked against its hash and its bounds.
package struct DocumentSources: Sendable {
  /// The path.
  package let path: String
  /// The files.
  package let files: [SourceFile]
  /// Number of documents.
  package var documentCount: Int { trailer.documentCount }
  /// Bytes of the file.
  package var byteCount: Int { file.byteCount }

  private let file: FileBytes
  private let trailer: SourceTrailer

  /// The path beside a dataset.
  package static func path(prefix: String) -> String { prefix + ".src" }

  /// Opens the file beside a dataset; `nil` where there is none.
  ///
  /// - Throws: `malformed` where it is no such file.
  package init?(besideDataset prefix: String) throws(IndexedDataError) {
    let path = Self.path(prefix: prefix)
    guard DurableFile.exists(path) else { return nil }
    try self.init(path: path)
  }

  /// Opens a file.
  ///
  /// - Throws: `malformed` where it is no such file.
  package init(path: String) throws(IndexedDataError) {
    try self.init(FileBytes(path: path, mode: .pread))
  }

  /// Opens the file that was packed with a dataset; `nil` where there was none.
  ///
  /// - Throws: `malformed` where it is no such file, or the archive is damaged.
  package init?(archive: Archive) throws(IndexedDataError) {
    guard let member = archive.member(ArchivedName().member(".src")) else { return nil }
    try self.init(.archived(ArchivedFile(archive, member)))
  }

  private init(_ file: FileBytes) throws(IndexedDataError) {
    let trailer = try SourceTrailer(file)
    files = try Self.files(file, trailer)
    path = file.path
    self.file = file
    self.trailer = trailer
  }

  /// Where a document came from, `nil` where that is not known, and the record's own name, where one
  /// was asked for and it has one.
  ///
  /// - Throws: `outOfRange`, and `malformed` where its block is damaged.
  package func entry(
    _ document: Int
  ) throws(IndexedDataError) -> (place: SourceEntry?, id: [UInt8]?) {
    guard document >= 0, document < documentCount else {
      throw .outOfRange(path: path, what: "document", asked: document, limit: documentCount)
    }
    var found: (place: SourceEntry?, id: [UInt8]?)
    let first = document / SourceLayout.blockDocuments * SourceLayout.blockDocuments
    try readBlock(document / SourceLayout.blockDocuments) { place, entry, id in
      if first + place == document { found = (entry, id) }
    }
    return found
  }

  /// Calls `body` with every document of a range, in order.
  ///
  /// - Throws: `malformed` where a block is damaged, and what `body` throws.
  package func forEach(
    in documents: Range<Int>,
    _ body: (SourceEntry?, [UInt8]?) throws(IndexedDataError) -> Void
  ) throws(IndexedDataError) {
    guard documents.lowerBound >= 0, documents.upperBound <= documentCount else {
      throw .outOfRange(
        path: path, what: "document", asked: documents.upperBound - 1, limit: documentCount)
    }
    guard !documents.isEmpty else { return }
    let width = SourceLayout.blockDocuments
    var entries: [(place: SourceEntry?, id: [UInt8]?)] = []
    for block in documents.lowerBound / width...(documents.upperBound - 1) / width {
      entries.removeAll(keepingCapacity: true)
      try readBlock(block) { _, entry, id in entries.append((entry, id)) }
      for place in Range(block * width...block * width + entries.count - 1).clamped(to: documents) {
        let entry = entries[place - block * width]
        try body(entry.place, entry.id)
      }
    }
  }

  /// Reads everything.
  ///
  /// - Throws: `malformed` for the first thing that is wrong.
  package func check() throws(IndexedDataError) {
    let count = 8 * SourceLayout.blockCount(documentCount)
    var hash = ContentHash()
    var place = 0
    while place < count {
      let step = min(1 << 20, count - place)
      try file.withBytes(at: trailer.tableOffset + place, count: step) { hash.update($0) }
      place += step
    }
    guard hash.value == trailer.tableHash else {
      throw .malformed(
        path: path, byte: trailer.tableOffset, what: "hash of the table of blocks",
        expected: ContentHash.text(trailer.tableHash), found: ContentHash.text(hash.value))
    }
    var end = SourceLayout.headerByteCount
    for block in 0..<SourceLayout.blockCount(documentCount) {
      let range = try blockRange(block)
      guard range.lowerBound == end else {
        throw .malformed(
          path: path, byte: trailer.tableOffset + 8 * block, what: "beginning of block \(block)",
          expected: "\(end)", found: "\(range.lowerBound)")
      }
      try readBlock(block) { _, _, _ in }
      end = range.upperBound
    }
    guard end == trailer.filesOffset else {
      throw .malformed(
        path: path, byte: end, what: "beginning of the files", expected: "\(end)",
        found: "\(trailer.filesOffset)")
    }
  }

  // MARK: - Blocks

  private func blockRange(_ block: Int) throws(IndexedDataError) -> Range<Int> {
    let place = trailer.tableOffset + 8 * block
    let start = try file.load(at: place, UInt64.self)
    let isLast = block == SourceLayout.blockCount(documentCount) - 1
    let end = isLast ? UInt64(trailer.filesOffset) : try file.load(at: place + 8, UInt64.self)
    guard start >= UInt64(SourceLayout.headerByteCount), start <= end,
      (12...UInt64(SourceLayout.readLimit)).contains(end - start),
      end <= UInt64(trailer.filesOffset)
    else {
      throw .malformed(
        path: path, byte: place, what: "place of block \(block)",
        expected: "\(SourceLayout.headerByteCount) to \(trailer.filesOffset), and at most"
          + " \(SourceLayout.readLimit) bytes", found: "\(start) to \(end)")
    }
    return Int(start)..<Int(end)
  }

  private func readBlock(
    _ block: Int, _ body: (Int, SourceEntry?, [UInt8]?) -> Void
  ) throws(IndexedDataError) {
    let range = try blockRange(block)
    let width = SourceLayout.blockDocuments
    let documents = min(width, documentCount - block * width)
    try file.withBytes(at: range.lowerBound, count: range.count) {
      (bytes) throws(IndexedDataError) in
      let end = range.count - 8
      let hash = SourceLayout.hash(block: block, bytes.extracting(first: end))
      let stated = bytes.loadNumber(at: end, UInt64.self)
      guard hash == stated else {
        throw .malformed(
          path: path, byte: range.lowerBound + end, what: "hash of block \(block)",
          expected: ContentHash.text(hash), found: ContentHash.text(stated))
      }
      let length = Int(bytes.loadNumber(at: 0, UInt32.self))
      guard length == end - 4 else {
        throw .malformed(
          path: path, byte: range.lowerBound, what: "length of block \(block)",
          expected: "\(end - 4)", found: "\(length)")
      }
      let problem = SourceLayout.read(
        bytes.extracting(4..<end), documents: documents, fileCount: files.count, body)
      if let problem {
        throw .malformed(
          path: path, byte: range.lowerBound + 4 + problem.byte, what: problem.what,
          expected: "one of the format", found: "another")
      }
    }
  }

  // MARK: - Files

  private static func files(
    _ file: FileBytes, _ trailer: SourceTrailer
  ) throws(IndexedDataError) -> [SourceFile] {
    let offset = trailer.filesOffset
    return try file.withBytes(at: offset, count: trailer.tableOffset - offset) {
      (bytes) throws(IndexedDataError) in
      let hash = ContentHash.hash(bytes)
      guard hash == trailer.filesHash else {
        throw .malformed(
          path: file.path, byte: offset, what: "hash of the files",
          expected: ContentHash.text(trailer.filesHash), found: ContentHash.text(hash))
      }
      var reader = VariableReader(bytes)
      var files: [SourceFile] = []
      for _ in 0..<trailer.fileCount {
        let start = reader.place
        guard let path = reader.string(), let size = reader.count(), let time = reader.number(),
          let hash = reader.string(), let format = reader.string()
        else {
          throw .malformed(
            path: file.path, byte: offset + start, what: "file \(files.count)",
            expected: "one of the format", found: "another")
        }
        let modified = Int64(bitPattern: time >> 1) ^ -Int64(bitPattern: time & 1)
        files.append(
          SourceFile(
            path: path, byteCount: size, modified: Int(modified), hash: hash, format: format))
      }
      guard reader.left == 0 else {
        throw .malformed(
          path: file.path, byte: offset + reader.place, what: "bytes behind the files",
          expected: "none", found: "\(reader.left)")
      }
      return files
    }
  }
}

extension SourceTrailer {
  /// Reads the trailer of a file, and checks the header.
  ///
  /// - Throws: `malformed` where the two are not those of one.
  init(_ file: FileBytes) throws(IndexedDataError) {
    let path = file.path
    let header = SourceLayout.header
    let start = file.byteCount - SourceLayout.trailerByteCount
    guard start >= header.count else {
      throw .malformed(
        path: path, byte: 0, what: "length",
        expected: "\(header.count + SourceLayout.trailerByteCount) bytes at least",
        found: "\(file.byteCount)")
    }
    try file.withBytes(at: 0, count: header.count) { (bytes) throws(IndexedDataError) in
      guard !bytes.starts(with: header) else { return }
      throw .malformed(
        path: path, byte: 0, what: "header",
        expected: "NXSOURCE, version 1, blocks of \(SourceLayout.blockDocuments) documents",
        found: "something else")
    }
    self = try file.withBytes(at: start, count: SourceLayout.trailerByteCount) {
      (bytes) throws(IndexedDataError) in
      guard bytes.extracting(56..<64).starts(with: SourceLayout.endMagic) else {
        throw .malformed(
          path: path, byte: start + 56, what: "end", expected: "NXSRCEND; the file is cut",
          found: "something else")
      }
      var hash = ContentHash()
      unsafe hash.update(header.span.bytes)
      hash.update(bytes.extracting(first: 48))
      let stated = bytes.loadNumber(at: 48, UInt64.self)
      guard hash.value == stated else {
        throw .malformed(
          path: path, byte: start + 48, what: "hash of the trailer",
          expected: ContentHash.text(hash.value), found: ContentHash.text(stated))
      }
      return try Self(numbersOf: bytes, start, path)
    }
  }

  private init(
    numbersOf bytes: RawSpan, _ start: Int, _ path: String
  ) throws(IndexedDataError) {
    var numbers: [Int] = []
    for place in 0..<4 {
      let number = bytes.loadNumber(at: 8 * place, UInt64.self)
      guard number < UInt64(SourceLayout.numberLimit) else {
        throw .malformed(
          path: path, byte: start + 8 * place, what: "number of the trailer",
          expected: "less than 2⁴⁸", found: "\(number)")
      }
      numbers.append(Int(number))
    }
    self.init(
      documentCount: numbers[0], fileCount: numbers[1], filesOffset: numbers[2],
      tableOffset: numbers[3], filesHash: bytes.loadNumber(at: 32, UInt64.self),
      tableHash: bytes.loadNumber(at: 40, UInt64.self))
    // All are below 2⁴⁸, so that nothing here overflows.
    guard filesOffset >= SourceLayout.headerByteCount, tableOffset >= filesOffset,
      tableOffset - filesOffset <= SourceLayout.readLimit,
      tableOffset + 8 * SourceLayout.blockCount(documentCount) == start,
      fileCount <= (tableOffset - filesOffset) / SourceLayout.leastFileByteCount
    else {
      throw .malformed(
        path: path, byte: start, what: "trailer",
        expected: "tables that end where it begins, at \(start)",
        found:
          "\(documentCount) documents, \(fileCount) files from \(filesOffset), blocks from "
          + "\(tableOffset)")
    }
  }
}
