import Foundation
import TestSupport
import Testing

@testable import Machine

@Suite("Files")
struct FileTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  @Test("an append file holds what was appended, in any pieces")
  func append() throws {
    var generator = SeededGenerator(seed: 7)
    var expected: [UInt8] = []
    var file = try AppendFile(path: folder.file("a"))
    for size in [0, 1, 10, 1 << 20, (1 << 20) - 1, 3, 5 << 20, 7, 200_000, (1 << 20) + 1] {
      let bytes = (0..<size).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
      try file.append(bytes.span.bytes)
      try file.append(number: UInt32(size))
      expected += bytes + withUnsafeBytes(of: UInt32(size)) { Array($0) }
      #expect(file.byteCount == expected.count)
    }
    try file.synchronize()
    #expect(try folder.read("a") == expected)

    try file.append(([1, 2, 3] as [UInt8]).span.bytes)
    try file.truncate(to: expected.count + 1)
    try file.truncate(to: 1000)
    try file.append(([9] as [UInt8]).span.bytes)
    try file.synchronize()
    let cut = try folder.read("a")
    #expect(cut == expected.prefix(1000) + [9])
  }

  @Test("a file that is made durable while it grows is whole, and closed when it is dropped")
  func early() throws {
    let path = folder.file("a")
    let piece = (0..<3 << 20).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 >> 11) }
    for syncsEarly in [true, false] {
      do {
        var file = try AppendFile(path: path, syncsEarly: syncsEarly)
        try file.append(piece.span.bytes)
        #expect(try openCount(path) == 1)
        for _ in 1..<6 { try file.append(piece.span.bytes) }
        #expect(try openCount(path) == (syncsEarly ? 2 : 1))
        try file.synchronize()
      }
      #expect(try folder.read("a") == Array([[UInt8]](repeating: piece, count: 6).joined()))
      #expect(try openCount(path) == 0)
    }
  }

  /// How many descriptors of this process are of a file.
  private func openCount(_ path: String) throws -> Int {
    let wanted = try inode(path)
    return try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count {
      (try? inode("/proc/self/fd/\($0)")) == wanted
    }
  }

  private func inode(_ path: String) throws -> [UInt64] {
    var status = stat()
    guard stat(path, &status) == 0 else { throw CocoaError(.fileReadUnknown) }
    return [UInt64(status.st_dev), UInt64(status.st_ino)]
  }

  @Test("a failure that only the thread beside a growing file has met reaches who asks, every time")
  func earlyFailure() throws {
    let file = try AppendFile(path: folder.file("a"))
    let codes = Monitor([EIO, EINTR, EINVAL, 0, ENOSPC] as [Int32])
    let early = try #require(
      EarlySync(file.descriptor) { _ in codes.withLock { $0.popLast() ?? 0 } })
    #expect(early.failure() == nil)
    early.request()
    #expect(early.failure() == ENOSPC)
    for left in [3, 2, 0] {
      early.request()
      // One that was interrupted is done again.
      #expect(early.failure() == ENOSPC)
      #expect(codes.withLock { $0.count } == left)
    }
  }

  @Test("a dropped append file keeps what was synchronized and can be opened at that length")
  func dropped() throws {
    do {
      var file = try AppendFile(path: folder.file("a"))
      try file.append(([1, 2, 3] as [UInt8]).span.bytes)
      try file.synchronize()
      try file.append(([4, 5] as [UInt8]).span.bytes)
    }
    let kept = try folder.read("a")
    #expect(kept == [1, 2, 3])
    do {
      var file = try AppendFile(path: folder.file("a"), length: 2)
      try file.append(([7] as [UInt8]).span.bytes)
      try file.flush()
    }
    #expect(try folder.read("a") == [1, 2, 7])
    #expect(throws: SystemError(call: "open", path: folder.file("a"), code: 61)) {
      _ = try AppendFile(path: folder.file("a"), length: 4)
    }
  }

  @Test("input and mapped files show the same bytes")
  func reading() throws {
    let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let path = try folder.write("in", bytes)
    let mapped = try MappedFile(path: path)
    #expect(mapped.byteCount == bytes.count)
    #expect(mapped.bytes.byteCount == bytes.count)
    for place in stride(from: 0, to: bytes.count, by: 997) {
      #expect(mapped.bytes.unsafeLoad(fromByteOffset: place, as: UInt8.self) == bytes[place])
    }
    let file = try InputFile(path: path)
    #expect(file.isRegular && file.byteCount == bytes.count && file.modifiedNanoseconds > 0)
    var buffer = ByteBuffer()
    #expect(try file.read(100, at: 9_950, to: &buffer) == 50)
    #expect(try file.read(100, at: 20_000, to: &buffer) == 0)
    #expect(try file.read(3, at: 5, to: &buffer) == 3)
    #expect(buffer.array == Array(bytes[9_950...]) + bytes[5..<8])
    let tooLong = SystemError(call: "read", path: path, code: 27)
    #expect(throws: tooLong) { _ = try file.readAll(limit: 9_999) }
    // Room on the disk would not help.
    #expect(tooLong.description == "\(path): File too large (read)")
    #expect(try file.readAll(limit: 10_000).array == bytes)
  }

  @Test("where mappings are scarce, a small file is copied and a large one mapped")
  func scarceMappings() throws {
    let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let path = try folder.write("in", bytes)
    for (limit, isScarce, isCopied) in [
      (10_000, true, true), (9_999, true, false), (10_000, false, false),
    ] {
      let file = try MappedFile(path: path, copyLimit: limit, isScarce: isScarce)
      #expect(
        file.withBytes(0..<10_000) { bytes in
          (0..<10_000).map { bytes.loadNumber(at: $0, UInt8.self) }
        } == bytes)
      file.advise(.random)
      file.readAhead(0..<10_000)
      // What is written into the file shows in a mapping alone.
      let handle = try #require(FileHandle(forWritingAtPath: path))
      try handle.write(contentsOf: [bytes[0] ^ 1])
      let first = file.number(at: 0, UInt8.self)
      #expect((first == bytes[0]) == isCopied)
      try handle.seek(toOffset: 0)
      try handle.write(contentsOf: [bytes[0]])
      try handle.close()
    }
    let empty = try folder.write("empty", [])
    #expect(try MappedFile(path: empty, copyLimit: 1, isScarce: true).bytes.byteCount == 0)
    #expect(throws: SystemError(call: "mmap", path: "/dev/null", code: 19)) {
      _ = try MappedFile(path: "/dev/null", copyLimit: 1, isScarce: true)
    }
  }

  @Test("an empty file maps to no bytes; folders and missing files are errors")
  func oddFiles() throws {
    #expect(try MappedFile(path: folder.write("empty", [])).bytes.byteCount == 0)
    #expect(throws: SystemError(call: "open", path: folder.path, code: 21)) {
      _ = try InputFile(path: folder.path)
    }
    #expect(throws: SystemError(call: "open", path: folder.file("no"), code: 2)) {
      _ = try MappedFile(path: folder.file("no"))
    }
    #expect(throws: SystemError(call: "mmap", path: "/dev/null", code: 19)) {
      _ = try MappedFile(path: "/dev/null")
    }
  }

  @Test("a replaced file is whole and leaves nothing beside it")
  func replace() throws {
    let path = try folder.write("r", [1, 2, 3])
    try DurableFile.replace(path, with: [4])
    #expect(try folder.read("r") == [4])
    #expect(!DurableFile.exists(path + ".new"))
    try DurableFile.remove(path)
    try DurableFile.remove(path)
    #expect(!DurableFile.exists(path))
    #expect(DurableFile.folder(of: "a/b/c") == "a/b")
    #expect(DurableFile.folder(of: "/c") == "/")
    #expect(DurableFile.folder(of: "c") == ".")
  }

  @Test("a claimed file cannot be claimed again until it is dropped")
  func lock() throws {
    let path = folder.file("lock")
    do {
      let first = try FileLock(path: path)
      #expect(throws: SystemError(call: "lock", path: path, code: 11)) {
        _ = try FileLock(path: path)
      }
      _ = consume first
    }
    _ = try FileLock(path: path)
  }
}

extension ByteBuffer {
  var array: [UInt8] { unsafe bytes.withUnsafeBytes { unsafe Array($0) } }

  @Test("a temporary file never has a name where the file system can do so")
  func unnamed() throws {
    let folder = try TemporaryFolder()
    // Linux's O_TMPFILE, which Swift cannot import.
    let isKnown = open(folder.path, O_RDWR | 0x41_0000, 0o600)
    let descriptor = try UnnamedFile.open(in: folder.path)
    defer {
      close(descriptor)
      if isKnown >= 0 { close(isKnown) }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    let name = try FileManager.default.destinationOfSymbolicLink(
      atPath: "/proc/self/fd/\(descriptor)")
    #expect(name.contains("neox-spool") == (isKnown < 0))
    #expect(write(descriptor, [1, 2] as [UInt8], 2) == 2)
    var bytes = [UInt8](repeating: 0, count: 3)
    let count = pread(descriptor, &bytes, 3, 0)
    #expect(count == 2 && bytes == [1, 2, 0])
    #expect(throws: SystemError.self) { try UnnamedFile.open(in: folder.file("absent")) }
  }
}
