internal import Machine

/// What is written behind the blocks of a ``SourceLayout``.
enum SourceEnd {
  /// Gives the files, the table and the trailer to `append`.
  ///
  /// The blocks are read back from `path`, where `end` bytes of header and blocks are, so that memory
  /// does not grow with their number.
  static func write(
    behind end: Int, of path: String, documents: Int, files: [SourceFile],
    append: ([UInt8]) throws(IndexedDataError) -> Void
  ) throws(IndexedDataError) {
    let fileBytes = SourceLayout.bytes(files)
    guard fileBytes.count <= SourceLayout.readLimit else {
      throw .unsuitable(
        path: path,
        reason: "the \(files.count) files of the documents take more than"
          + " \(SourceLayout.readLimit) bytes to name; make several datasets of them")
    }
    try append(fileBytes)
    let file = try FileBytes(path: path, mode: .pread)
    var hash = ContentHash()
    var table = LittleEndianBytes()
    var place = SourceLayout.headerByteCount
    func flush() throws(IndexedDataError) {
      unsafe hash.update(table.bytes.span.bytes)
      try append(table.bytes)
      table = LittleEndianBytes()
    }
    for block in 0..<SourceLayout.blockCount(documents) {
      guard place <= end - 12, end <= file.byteCount else {
        throw .malformed(
          path: path, byte: place, what: "block \(block)", expected: "\(end) bytes of blocks",
          found: "fewer")
      }
      table.append(UInt64(place))
      place += 12 + Int(try file.load(at: place, UInt32.self))
      if table.bytes.count == 1 << 16 { try flush() }
    }
    try flush()
    guard place == end else {
      throw .malformed(
        path: path, byte: place, what: "end of the blocks", expected: "\(end)", found: "\(place)")
    }
    let trailer = SourceTrailer(
      documentCount: documents, fileCount: files.count, filesOffset: end,
      tableOffset: end + fileBytes.count,
      filesHash: unsafe ContentHash.hash(fileBytes.span.bytes), tableHash: hash.value)
    try append(trailer.bytes)
  }
}

/// Writes a whole file of sources, for tools that make datasets of others.
final class SourceWriter {
  private var file: AppendFile
  private var blocks = SourceBlocks()
  private var files: [SourceFile] = []
  private var places: [SourceFile: Int] = [:]

  init(path: String) throws(IndexedDataError) {
    file = try asking { () throws(SystemError) in try AppendFile(path: path) }
    try append(SourceBlocks.header)
  }

  /// Appends a document whose file is one of `files`; files of documents join the table as they come.
  func append(
    _ entry: SourceEntry?, id: [UInt8]?, of files: [SourceFile]
  ) throws(IndexedDataError) {
    var entry = entry
    if let number = entry?.file { entry?.file = place(of: files[number]) }
    if let block = blocks.append(entry, id: id?[...]) { try append(block) }
  }

  private func place(of file: SourceFile) -> Int {
    if let place = places[file] { return place }
    files.append(file)
    places[file] = files.count - 1
    return files.count - 1
  }

  private func append(_ bytes: [UInt8]) throws(IndexedDataError) {
    try asking { () throws(SystemError) in try unsafe file.append(bytes.span.bytes) }
  }

  /// Ends the file.
  func finish(durable: Bool) throws(IndexedDataError) {
    if let block = blocks.finish() { try append(block) }
    try asking { () throws(SystemError) in try file.flush() }
    try SourceEnd.write(
      behind: file.byteCount, of: file.path, documents: blocks.documentCount, files: files,
      append: append)
    try asking { () throws(SystemError) in
      if durable { try file.synchronize() } else { try file.flush() }
    }
  }
}
