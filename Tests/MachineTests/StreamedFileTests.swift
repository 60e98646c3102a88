import TestSupport
import Testing

@testable import Machine

@Suite("Files written from beginning to end")
struct StreamedFileTests {
  private static let block = StreamedFile.blockByteCount
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(
    "all bytes arrive and count in the hash, in pieces of any length",
    arguments: [0, 1, 4095, block - 1, block, block + 1, 2 * block + 12_345], [true, false])
  func content(count: Int, isKnown: Bool) throws {
    var random = SeededGenerator(seed: UInt64(count))
    let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    // What stood there before is gone.
    let path = try folder.write("f", [UInt8](repeating: 7, count: count + 9))
    var file = try StreamedFile(path: path, byteCount: isKnown ? count : nil)
    var place = 0
    while place < count {
      let next = min(count, place + Int.random(in: 1...3_000_000, using: &random))
      try unsafe file.append(bytes[place..<next].span.bytes)
      place = next
      #expect(file.byteCount == place)
    }
    let hash = try file.finish()
    let expected = unsafe ContentHash.hash(bytes.span.bytes)
    #expect(hash == expected)
    let found = try folder.read("f")
    #expect(found == bytes)
  }

  @Test("a longer file than was announced is whole as well")
  func longer() throws {
    let bytes = [UInt8](0..<200)
    var file = try StreamedFile(path: folder.file("f"), byteCount: 3)
    try unsafe file.append(bytes.span.bytes)
    let hash = try file.finish()
    let expected = unsafe ContentHash.hash(bytes.span.bytes)
    #expect(hash == expected)
    #expect(try folder.read("f") == bytes)
  }

  @Test(
    "the beginning is written over, on the disk or before", arguments: [100, 3 * block + 5])
  func start(count: Int) throws {
    var bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    var file = try StreamedFile(path: folder.file("f"))
    try unsafe file.append(bytes.span.bytes)
    for place in 0..<64 { bytes[place] = 0xAA }
    try unsafe file.overwriteStart(bytes[0..<64].span.bytes)
    let hash = try file.finish()
    let expected = unsafe ContentHash.hash(bytes.span.bytes)
    #expect(hash == expected)
    let found = try folder.read("f")
    #expect(found == bytes)
  }

  @Test("where there is no folder, the error names the file")
  func missing() {
    let path = folder.file("no/f")
    #expect(throws: SystemError(call: "open", path: path, code: 2)) {
      _ = try StreamedFile(path: path)
    }
  }
}
