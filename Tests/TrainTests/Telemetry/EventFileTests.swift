import Foundation
import Machine
import TestSupport
import Testing

@testable import Train

@Suite("TensorBoard events")
struct EventFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("checksums")
  func checksums() {
    // From RFC 3720, appendix B.4, and the usual check of this polynomial.
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
  }

  @Test("the bytes of two events")
  func bytes() throws {
    let path = folder.file("events")
    do {
      var file = try EventFile(path: path) { 1.5 }
      try file.scalar("train/lm_loss", 6.25, step: 300)
      try file.flush()
    }
    let bytes = try folder.read("events")
    let first = bytes[12..<bytes.count].prefix(Int(bytes[0]))
    #expect(
      Array(first)
        == [0x09, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F, 0x1A, 13] + Array("brain.Event:2".utf8))
    let start = 16 + first.count
    let second = Array(bytes[(start + 12)...].dropLast(4))
    #expect(Int(bytes[start]) == second.count)
    let tag = Array("train/lm_loss".utf8)
    #expect(
      second
        == [0x09, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F, 0x10, 0xAC, 0x02, 0x2A, 22, 0x0A, 20, 0x0A, 13]
        + tag + [0x15, 0, 0, 0xC8, 0x40])
    let sum = littleEndianBytes(UInt64(CRC32C.masked(second))).prefix(4)
    #expect(bytes.suffix(4) == sum)
  }

  @Test("a session begins at a step, with status START")
  func session() throws {
    let path = folder.file("events")
    do {
      var file = try EventFile(path: path) { 1.5 }
      try file.begin(step: 300)
      try file.flush()
    }
    let event = try folder.read("events").dropLast(4).suffix(16)
    #expect(
      Array(event) == [0x09, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F, 0x10, 0xAC, 0x02, 0x3A, 2, 0x08, 1])
  }

  @Test("two files begun at once have two names")
  func names() throws {
    for _ in 0..<2 { _ = try EventFile(folder: folder.file("logs/run")) }
    #expect(try FolderContents.names(folder.file("logs/run")).count == 2)
  }

  /// For `script/interop`, which reads them with TensorBoard.
  @Test("events for TensorBoard's own reader", .enabled(if: InteropTests.folder != nil))
  func interop() throws {
    let folder = try #require(InteropTests.folder) + "/events"
    var file = try EventFile(folder: folder)
    var expected: [String: [[Double]]] = [:]
    for step in [1, 2, 1000, 5_000_000] {
      for (tag, value) in [("train/lm_loss", 6.25 / Double(step)), ("train/learning_rate", 6e-4)] {
        try file.scalar(tag, value, step: step)
        expected[tag, default: []].append([Double(step), Double(Float(value))])
      }
    }
    try file.text("train_batch_size", "4")
    try file.flush()
    let data = try JSONEncoder().encode(["scalars": expected])
    try data.write(to: URL(filePath: folder + "/expected.json"))
  }
}
