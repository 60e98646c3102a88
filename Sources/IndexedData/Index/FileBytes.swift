internal import Machine

/// How files are read.
public enum ReadingMode: String, Sendable, CaseIterable {
  /// As memory: the fastest way on local disks.
  case mmap
  /// By calls: nothing stays mapped, for network file systems and very many datasets.
  case pread
}

/// The bytes of a file, read in either mode with the same outcome.
enum FileBytes: Sendable {
  case mapped(Opened<MappedFile>)
  case called(Opened<InputFile>)
  /// A member of an archive.
  case archived(ArchivedFile)

  /// An open file that several can hold.
  final class Opened<File: ~Copyable & Sendable>: Sendable {
    let file: File

    init(_ file: consuming File) {
      self.file = file
    }
  }

  init(path: String, mode: ReadingMode) throws(IndexedDataError) {
    do throws(SystemError) {
      switch mode {
      case .mmap: self = .mapped(Opened(try MappedFile(path: path)))
      case .pread: self = .called(Opened(try InputFile(path: path)))
      }
    } catch {
      throw .system(error)
    }
  }

  var path: String {
    switch self {
    case .mapped(let opened): opened.file.path
    case .called(let opened): opened.file.path
    case .archived(let file): file.path
    }
  }

  var byteCount: Int {
    switch self {
    case .mapped(let opened): opened.file.byteCount
    case .called(let opened): opened.file.byteCount
    case .archived(let file): file.byteCount
    }
  }

  /// Tells the system that places will be visited in no order, so that it reads nothing ahead.
  func expectRandomReads() {
    if case .mapped(let opened) = self { opened.file.advise(.random) }
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
    case .called(let opened): value = try Self.number(opened.file, at: offset, Value.self)
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

  private static func number<Value: FixedWidthInteger & BitwiseCopyable>(
    _ file: borrowing InputFile, at offset: Int, _: Value.Type
  ) throws(IndexedDataError) -> Value? {
    do throws(SystemError) {
      return try file.number(at: offset, Value.self)
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
    case .called(let opened):
      var buffer = ByteBuffer(capacity: count)
      do throws(SystemError) {
        try opened.file.read(count, at: offset, to: &buffer)
      } catch {
        throw .system(error)
      }
      try Self.check(buffer.count, is: count, at: offset, path)
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
    guard case .called(let opened) = self else {
      return try withBytes(at: offset, count: count) { buffer.append($0) }
    }
    let found: Int
    do throws(SystemError) {
      found = try opened.file.read(count, at: offset, to: &buffer)
    } catch {
      throw .system(error)
    }
    try Self.check(found, is: count, at: offset, path)
  }

  /// Appends bytes to a file, copied inside the system where it can do that.
  func append(_ range: Range<Int>, to target: inout AppendFile) throws(IndexedDataError) {
    if case .called(let opened) = self {
      do throws(SystemError) {
        return try target.append(
          copyOf: opened.file, from: range.lowerBound, count: range.count)
      } catch {
        throw .system(error)
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
