import Foundation
import IndexedData
import TestSupport
import Testing

/// Signals while `neox-index` writes.
@Suite("neox-index, signals")
struct IndexSignalTests {
  static let program = BuiltProgram("neox-index")
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Makes a dataset of four documents of about 256 MiB each, which take no room on the disk.
  private func sparse(_ name: String) throws -> String {
    let sizes = (0..<4).map { Int32((1 << 27) - $0) }
    var index = Array("MMIDIDX".utf8) + [0, 0]
    func add<Number: FixedWidthInteger>(_ number: Number) {
      for byte in 0..<(Number.bitWidth / 8) {
        index.append(UInt8(truncatingIfNeeded: number >> (8 * byte)))
      }
    }
    add(UInt64(1))
    add(UInt8(8))
    add(UInt64(sizes.count))
    add(UInt64(sizes.count + 1))
    for size in sizes { add(size) }
    var pointer: Int64 = 0
    for size in sizes {
      add(pointer)
      pointer += 2 * Int64(size)
    }
    for document in 0...sizes.count { add(Int64(document)) }
    try folder.write(name + ".idx", index)
    let bin = try folder.write(name + ".bin", [])
    let handle = try #require(FileHandle(forWritingAtPath: bin))
    try handle.truncate(atOffset: UInt64(pointer))
    try handle.close()
    return folder.file(name)
  }

  private func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  private func expectEnd(
    _ arguments: [String], after file: String, signal: Int32, status: Int32, says: String
  ) throws {
    let before = try names()
    let run = try Self.program.start(arguments)
    while run.isRunning && !FileManager.default.fileExists(atPath: file) {}
    run.send(signal)
    let end = try run.wait()
    #expect(end.status == status && end.errors.contains("interrupted"), "\(end.all)")
    #expect(end.errors.contains(says), "\(end.all)")
    #expect(try names() == before)
  }

  @Test("a signal at the second part of a split leaves nothing of the first")
  func secondPart() throws {
    let prefix = try sparse("big")
    let output = folder.file("out")
    let words = ["split", prefix, "--parts", "2", "--output-prefix", output]
    let run = try Self.program.start(words)
    while run.isRunning && !FileManager.default.fileExists(atPath: output + "_1.bin.new") {}
    run.send(SIGINT)
    let end = try run.wait()
    #expect(end.status == 1, "\(end.all)")
    #expect(end.errors.contains("the same command begins anew"), "\(end.all)")
    #expect(try names() == ["big.bin", "big.idx"])
  }

  @Test(
    "writing a dataset ends, and nothing is left of it",
    arguments: ["merge", "split", "dedupe", "convert"], [SIGINT, SIGTERM])
  func dataset(command: String, signal: Int32) throws {
    let prefix = try sparse("big")
    let output = folder.file("out")
    let (words, file): ([String], String) =
      switch command {
      case "merge": ([prefix, "--output-prefix", output], output)
      case "split": ([prefix, "--parts", "2", "--output-prefix", output], output + "_0")
      case "dedupe": (["--exact", prefix, "--output-prefix", output], output)
      default:
        ([prefix, "--output-prefix", output, "--element-type", "int32"], output)
      }
    try expectEnd(
      [command] + words, after: file + ".bin.new", signal: signal, status: 1,
      says: "unfinished files were removed")
  }

  @Test("making index maps ends, and the same command makes them", arguments: [SIGINT, SIGTERM])
  func maps(signal: Int32) throws {
    let output = DatasetOutput(prefix: folder.file("m"), elementType: .uint16)
    let builder = try DatasetBuilder(output, overwrite: true)
    for document in 0..<20_000 {
      try builder.append(sequences: [(0...(document % 4)).map { Int64($0) + 1 }])
    }
    try builder.finish()
    func arguments(_ samples: Int) -> [String] {
      ["build-maps", folder.file("m"), "--samples", "\(samples)", "--seq-length", "2"]
    }
    let file = folder.file("m_train_0_indexmap_30000000ns_2sl_1234s_packedpi_ac_sample_idx.npy.new")
    try expectEnd(
      arguments(30_000_000), after: file, signal: signal, status: 75,
      says: "the same command makes the others")
    #expect(try Self.program.run(arguments(3000)).status == 0)
  }
}
