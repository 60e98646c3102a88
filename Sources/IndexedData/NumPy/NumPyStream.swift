internal import Machine

/// A file as it was written.
struct WrittenFile: Sendable, Equatable {
  /// Its length.
  var byteCount: Int
  /// Its XXH64.
  var hash: UInt64
}

/// An `.npy` file that is written block by block; it appears whole.
struct NumPyStream: ~Copyable {
  private let path: String
  private let header: NumPyHeader
  private let headerByteCount: Int
  /// Whether the first axis is counted at the end.
  private let grows: Bool
  private let interruption: Interruption?
  private var file: StreamedFile

  /// Begins a file.
  ///
  /// With `grows` the length of the header's first axis is found at the end; an interruption ends the
  /// work early.
  init(
    _ header: NumPyHeader, to path: String, grows: Bool = false,
    interruption: Interruption? = nil
  ) throws(IndexedDataError) {
    self.path = path
    self.header = header
    self.grows = grows
    self.interruption = interruption
    let bytes = header.bytes
    headerByteCount = bytes.count
    let count = header.shape.reduce(header.type.byteCount, *) + bytes.count
    file = try asking { () throws(SystemError) in
      var file = try StreamedFile(path: path + ".new", byteCount: grows ? nil : count)
      try unsafe file.append(bytes.span.bytes)
      return file
    }
  }

  /// Appends numbers.
  ///
  /// - Throws: `interrupted`, and what the system refuses.
  mutating func append<Number: NumPyNumber>(_ numbers: [Number]) throws(IndexedDataError) {
    precondition(Number.numPyType == header.type)
    let bytes = unsafe numbers.span.bytes
    for start in stride(from: 0, to: bytes.byteCount, by: StreamedFile.blockByteCount) {
      try endWhereRaised(interruption)
      let end = min(bytes.byteCount, start + StreamedFile.blockByteCount)
      do throws(SystemError) {
        try file.append(bytes.extracting(start..<end))
      } catch {
        throw .system(error)
      }
    }
  }

  /// Makes the file whole and gives it its name.
  ///
  /// - Precondition: as many numbers were appended as the header says.
  mutating func finish() throws(IndexedDataError) -> WrittenFile {
    let written = try finishBeside()
    let path = path
    try asking { () throws(SystemError) in
      try DurableFile.rename(path + ".new", to: path)
      try DurableFile.synchronizeFolder(of: path)
    }
    return written
  }

  /// Makes the file whole and durable where it is, at `PATH.new`.
  ///
  /// - Precondition: as many numbers were appended as the header says.
  mutating func finishBeside() throws(IndexedDataError) -> WrittenFile {
    try endWhereRaised(interruption)
    let row = header.shape.dropFirst().reduce(header.type.byteCount, *)
    let rowCount = (file.byteCount - headerByteCount) / row
    do throws(SystemError) {
      if grows {
        let shape = [rowCount] + header.shape.dropFirst()
        let bytes = NumPyHeader(type: header.type, shape: shape).bytes
        // NumPy leaves room for the first axis to grow, so that the length stays.
        precondition(bytes.count == headerByteCount)
        try unsafe file.overwriteStart(bytes.span.bytes)
      } else {
        precondition(rowCount == header.shape.first ?? 1)
      }
      let hash = try file.finish()
      return WrittenFile(byteCount: file.byteCount, hash: hash)
    } catch {
      throw .system(error)
    }
  }
}
