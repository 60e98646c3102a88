internal import Machine

/// How files are read.
public enum ReadingMode: String, Sendable, CaseIterable {
  /// As memory: the fastest way on local disks.
  case mmap
  /// By calls: nothing stays mapped, for network file systems and files that may be cut.
  case pread
}

/// The bytes of a file, read in either mode with the same outcome.
enum FileBytes: Sendable {
  case mapped(Mapping)
  case called(PooledFile)
  /// A member of an archive.
  case archived(ArchivedFile)

  /// A mapped file that several can hold.
  final class Mapping: Sendable {
    let file: MappedFile

    init(path: String) throws(SystemError) {
      file = try MappedFile(path: path)
    }
  }

  /// Opens a file; as memory only while the system has mappings to spare.
  init(path: String, mode: ReadingMode) throws(IndexedDataError) {
    do throws(SystemError) {
      if mode == .mmap, !MappedFile.isScarce {
        self = .mapped(try Mapping(path: path))
      } else {
        self = .called(try PooledFile(path: path))
      }
    } catch {
      throw .system(error)
    }
  }

  var path: String {
    switch self {
    case .mapped(let opened): opened.file.path
    case .called(let file): file.path
    case .archived(let file): file.path
    }
  }

  var byteCount: Int {
    switch self {
    case .mapped(let opened): opened.file.byteCount
    case .called(let file): file.byteCount
    case .archived(let file): file.byteCount
    }
  }

  /// Tells the system that places will be visited in no order, so that it reads nothing ahead.
  func expectRandomReads() {
    if case .mapped(let opened) = self { opened.file.advise(.random) }
  }

  /// Asks the system to begin reading a range into its memory, and does not wait.
  ///
  /// - Precondition: the range lies inside the file as it was when opened.
  func readAhead(_ range: Range<Int>) {
    switch self {
    case .mapped(let opened): opened.file.readAhead(range)
    // What is wrong with the file is told when it is read.
    case .called(let file):
      try? file.withFile { (file) throws(SystemError) in file.readAhead(range) }
    case .archived: break
    }
  }

  /// Asks the processor to bring a range into its caches, and does not wait.
  ///
  /// - Precondition: the range lies inside the file as it was when opened.
  func prefetch(_ range: Range<Int>) {
    if case .mapped(let opened) = self { opened.file.prefetch(range) }
  }

  /// The little-endian number at a byte.
  ///
  /// - Precondition: the number lies inside the file as it was when opened.
  func load<Value: FixedWidthInteger & BitwiseCopyable>(
    at offset: Int, _: Value.Type
  ) throws(IndexedDataError) -> Value {
    let value: Value?
    switch self {
    case .mapped(let opened): value = opened.file.number(at: offset, Value.self)
    case .called(let file):
      value = try Self.reading(file) { (file) throws(SystemError) in
        try file.number(at: offset, Value.self)
      }
    case .archived(let file):
      value = try file.withBytes(at: offset, count: MemoryLayout<Value>.size) {
        $0.loadNumber(at: 0, Value.self)
      }
    }
    if let value { return value }
    throw .malformed(
      path: path, byte: offset, what: "file was cut while it was read",
      expected: "\(MemoryLayout<Value>.size) bytes", found: "fewer")
  }

  // A file of many is closed and opened again under its path.
  private static func reading<Outcome: ~Copyable>(
    _ file: PooledFile, _ body: (borrowing InputFile) throws(SystemError) -> Outcome
  ) throws(IndexedDataError) -> Outcome {
    do throws(SystemError) {
      return try file.withFile(body)
    } catch  where error.isStale {
      throw .unsuitable(
        path: file.path,
        reason:
          "was replaced or changed since it was opened; start again, and leave data as they are"
          + " while they are read")
    } catch {
      throw .system(error)
    }
  }

  /// Shows `count` bytes from `offset` on to `body`.
  ///
  /// - Precondition: they lie inside the file as it was when opened.
  func withBytes<Outcome: ~Copyable>(
    at offset: Int, count: Int, _ body: (RawSpan) throws(IndexedDataError) -> Outcome
  ) throws(IndexedDataError) -> Outcome {
    precondition(offset >= 0 && count >= 0 && offset <= byteCount - count)
    switch self {
    case .mapped(let opened):
      return try opened.file.withBytes(offset..<(offset + count), body)
    case .called(let file):
      var buffer = ByteBuffer(capacity: count)
      let found = try Self.reading(file) { (file) throws(SystemError) in
        try file.read(count, at: offset, to: &buffer)
      }
      try Self.check(found, is: count, at: offset, path)
      return try body(buffer.bytes)
    case .archived(let file):
      return try file.withBytes(at: offset, count: count, body)
    }
  }

  /// Appends `count` bytes from `offset` on to a buffer, which may be used again and again.
  ///
  /// - Precondition: they lie inside the file as it was when opened.
  func read(
    _ count: Int, at offset: Int, to buffer: inout ByteBuffer
  ) throws(IndexedDataError) {
    guard case .called(let file) = self else {
      return try withBytes(at: offset, count: count) { buffer.append($0) }
    }
    let found = try Self.reading(file) { (file) throws(SystemError) in
      try file.read(count, at: offset, to: &buffer)
    }
    try Self.check(found, is: count, at: offset, path)
  }

  /// Appends bytes to a file, copied inside the system where it can do that.
  func append(_ range: Range<Int>, to target: inout AppendFile) throws(IndexedDataError) {
    if case .called(let file) = self {
      return try Self.reading(file) { (file) throws(SystemError) in
        try target.append(copyOf: file, from: range.lowerBound, count: range.count)
      }
    }
    var place = range.lowerBound
    while place < range.upperBound {
      let step = min(1 << 20, range.upperBound - place)
      try withBytes(at: place, count: step) { (bytes) throws(IndexedDataError) in
        do throws(SystemError) { try target.append(bytes) } catch { throw .system(error) }
      }
      place += step
    }
  }

  // A file can be cut after it was opened.
  private static func check(
    _ found: Int, is expected: Int, at offset: Int, _ path: String
  ) throws(IndexedDataError) {
    guard found == expected else {
      throw .malformed(
        path: path, byte: offset + found, what: "file was cut while it was read",
        expected: "\(expected) bytes", found: "\(found)")
    }
  }
}
