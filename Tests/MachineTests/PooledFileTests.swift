import Foundation
import TestSupport
import Testing

@testable import Machine

@Suite("Files of a pool")
struct PooledFileTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func files(_ count: Int, _ pool: FilePool) throws -> [PooledFile] {
    try (0..<count).map { number in
      try folder.write("\(number)", withUnsafeBytes(of: UInt32(number)) { Array($0) })
      return try PooledFile(path: folder.file("\(number)"), pool: pool)
    }
  }

  private func number(_ file: PooledFile) throws -> UInt32? {
    try file.withFile { (file) throws(SystemError) in try file.number(at: 0, UInt32.self) }
  }

  @Test("any number of files is read while only so many are open")
  func bounded() throws {
    let pool = FilePool(limit: 5)
    let files = try files(40, pool)
    #expect(pool.openCount == 5)
    for pass in 0..<3 {
      for (place, file) in files.enumerated() {
        #expect(try number(file) == UInt32(place), "pass \(pass)")
        #expect(pool.openCount == 5)
      }
    }
  }

  @Test("the file that was not read for the longest time is closed")
  func leastRecentlyUsed() throws {
    let pool = FilePool(limit: 3)
    let files = try files(4, pool)
    // File 0 is closed by now; 1 is read again, so that 2 goes when 0 comes back.
    _ = try number(files[1])
    _ = try number(files[0])
    for place in 0..<4 { try FileManager.default.removeItem(atPath: folder.file("\(place)")) }
    #expect(try number(files[0]) == 0)
    #expect(try number(files[1]) == 1)
    #expect(try number(files[3]) == 3)
    #expect(throws: SystemError(call: "open", path: folder.file("2"), code: ENOENT)) {
      try number(files[2])
    }
  }

  @Test("a file that is dropped is closed")
  func dropped() throws {
    let pool = FilePool(limit: 8)
    var files = try files(6, pool)
    #expect(pool.openCount == 6)
    files.removeLast(4)
    #expect(pool.openCount == 2)
    #expect(try number(files[1]) == 1)
  }

  @Test("another file under the same name, or another length, is an error")
  func replaced() throws {
    let pool = FilePool(limit: 1)
    let files = try files(3, pool)
    try folder.write("new", [7, 0, 0, 0])
    try FileManager.default.removeItem(atPath: folder.file("0"))
    try FileManager.default.moveItem(atPath: folder.file("new"), toPath: folder.file("0"))
    #expect(throws: SystemError(call: "open", path: folder.file("0"), code: ESTALE)) {
      try number(files[0])
    }
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.file("1")))
    try handle.truncate(atOffset: 3)
    try handle.close()
    #expect(throws: SystemError(call: "open", path: folder.file("1"), code: ESTALE)) {
      try number(files[1])
    }
    #expect(try number(files[2]) == 2)
  }

  @Test("a file that was written anew, under the same number and of the same length, is an error")
  func rewritten() throws {
    let pool = FilePool(limit: 1)
    let files = try files(2, pool)
    // A system gives the number of a removed file to the next one; here it is the same file.
    let path = folder.file("0")
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try handle.write(contentsOf: [7, 7, 7, 7])
    try handle.close()
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1_000_000)], ofItemAtPath: path)
    #expect(throws: SystemError(call: "open", path: path, code: ESTALE)) {
      try number(files[0])
    }
  }

  @Test("many threads read many files")
  func threads() throws {
    let pool = FilePool(limit: 4)
    let files = try files(50, pool)
    try WorkerPool.forEach(count: 4000, workers: 8) { (turn) throws(SystemError) in
      let place = turn * 7919 % files.count
      let found = try files[place].withFile { (file) throws(SystemError) in
        try file.number(at: 0, UInt32.self)
      }
      guard found == UInt32(place) else {
        throw SystemError(call: "read", path: files[place].path, code: EIO)
      }
    }
    withExtendedLifetime(files) { #expect(pool.openCount == 4) }
  }

  @Test("reading ahead changes nothing, at any range of a file")
  func readAhead() throws {
    let bytes = (0..<20_000).map { UInt8(truncatingIfNeeded: $0) }
    try folder.write("a", bytes)
    let mapped = try MappedFile(path: folder.file("a"))
    let called = try InputFile(path: folder.file("a"))
    for range in [0..<0, 0..<1, 4095..<4097, 5000..<20_000, 19_999..<20_000, 20_000..<20_000] {
      mapped.readAhead(range)
      called.readAhead(range)
      #expect(
        mapped.withBytes(range) { span in
          (0..<span.byteCount).map { span.loadNumber(at: $0, UInt8.self) }
        } == Array(bytes[range]))
    }
  }
}
