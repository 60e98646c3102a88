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

  /// Makes a dataset of zeros that takes no room on the disk: four documents of about 256 MiB each, or
  /// as many and as long ones as are named.
  @discardableResult
  private func sparse(
    _ name: String, _ sizes: [Int32] = (0..<4).map { Int32((1 << 27) - $0) },
    _ type: ElementType = .uint16
  ) throws -> String {
    var index = Array("MMIDIDX".utf8) + [0, 0]
    func add<Number: FixedWidthInteger>(_ number: Number) {
      for byte in 0..<(Number.bitWidth / 8) {
        index.append(UInt8(truncatingIfNeeded: number >> (8 * byte)))
      }
    }
    add(UInt64(1))
    add(UInt8(type.code(.neox)))
    add(UInt64(sizes.count))
    add(UInt64(sizes.count + 1))
    for size in sizes { add(size) }
    var pointer: Int64 = 0
    for size in sizes {
      add(pointer)
      pointer += Int64(type.byteCount) * Int64(size)
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

  /// Sends a signal once `file` is there, and expects that nothing is left of the work.
  private func expectEnd(
    _ arguments: [String], after file: String, signal: Int32 = SIGINT, status: Int32 = 1,
    says: String, program: BuiltProgram = program, _ location: SourceLocation = #_sourceLocation
  ) throws {
    let before = try names()
    let end = try end(of: arguments, after: file, signal: signal, program: program)
    #expect(
      end.status == status && end.errors.contains("interrupted"), "\(end.all)",
      sourceLocation: location)
    #expect(end.errors.contains(says), "\(end.all)", sourceLocation: location)
    #expect(try names() == before, sourceLocation: location)
  }

  private func end(
    of arguments: [String], after file: String, signal: Int32 = SIGINT,
    program: BuiltProgram = program
  ) throws -> ProgramRun {
    let run = try program.start(arguments)
    while run.isRunning && !FileManager.default.fileExists(atPath: file) {}
    run.send(signal)
    return try run.wait()
  }

  @Test("a signal at a later output removes the earlier ones too")
  func laterOutput() throws {
    // The earlier output is soon there, and the later one takes its time.
    let sizes = [Int32](repeating: 1 << 24, count: 4)
    let prefix = try sparse("big_document", sizes, .uint8)
    try sparse("big_label_document", sizes, .int64)
    let output = folder.file("out")
    let says = "nothing was written; the same command begins anew"
    try expectEnd(
      ["split", try sparse("uneven", [1, 1, 1 << 27, 1 << 27]), "--parts", "2", "-o", output],
      after: output + "_1.bin.new", says: says)
    try expectEnd(
      ["merge", prefix, "--output-prefix", output + "_document"],
      after: output + "_label_document.bin.new", says: says)
    try expectEnd(
      ["dedupe", "--exact", prefix, "--output-prefix", output + "_document"],
      after: output + "_label_document.bin.new", says: says)
  }

  @Test("a signal that is ignored at the start stays so")
  func ignored() throws {
    let prefix = try sparse("big", [Int32](repeating: 1 << 25, count: 4))
    let output = folder.file("out")
    let run = try Self.program.start(
      ["merge", prefix, "--output-prefix", output], shellSetup: "trap '' INT")
    while run.isRunning && !FileManager.default.fileExists(atPath: output + ".bin.new") {}
    run.send(SIGINT)
    let end = try run.wait()
    #expect(end.status == 0, "\(end.all)")
    #expect(try names() == ["big.bin", "big.idx", "out.bin", "out.idx"])
  }

  @Test("what was to be replaced stays where a signal comes before all outputs are whole")
  func replaced() throws {
    let prefix = try sparse("big", [1, 1, 1 << 27, 1 << 27])
    let output = folder.file("out")
    try sparse("out_0", [7])
    let before = try names()
    let end = try end(
      of: ["split", prefix, "--parts", "2", "--output-prefix", output, "--overwrite"],
      after: output + "_1.bin.new")
    #expect(end.status == 1, "\(end.all)")
    #expect(end.errors.contains("nothing was written"), "\(end.all)")
    #expect(try names() == before)
    let written = try IndexedDataset(prefix: output + "_0")
    #expect(written.sequenceCount == 1 && written.tokenCount == 7)
  }

  @Test("writing text or a page ends, and nothing is left of it", arguments: [SIGINT, SIGTERM])
  func wholeFile(signal: Int32) throws {
    let many = try sparse("many", [Int32](repeating: 4096, count: 30_000))
    let text = folder.file("text.jsonl")
    try expectEnd(
      ["export", "--ids", many, "-o", text], after: text + ".neox-new", signal: signal,
      says: "\(text) was not written")
    let page = folder.file("page.html")
    try expectEnd(
      ["report", try sparse("big"), "-o", page], after: page + ".neox-lock", signal: signal,
      says: "\(page) was not written")
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
      says: "nothing was written; the same command begins anew")
  }

  /// A configuration whose maps have some 200 MB, and the first of their files.
  private func run(_ name: String) throws -> (words: [String], file: String) {
    let fixture = StepFixture(folder)
    let prefix = try fixture.write(
      name, ids: (0..<100).map { [Int64](repeating: $0 + 1, count: 1000) })
    let configuration = try fixture.configuration(
      [
        "data_path": prefix, "split": "1,0,0", "seq_length": 2, "max_position_embeddings": 2,
        "train_iters": 7_500_000, "eval_iters": 0,
      ], name: name + ".yml")
    return (
      ["--config", configuration],
      prefix + "_train_indexmap_30000000ns_2sl_1234s_packedpi_ac_sample_idx.npy.new"
    )
  }

  @Test(
    "commands that make index maps on the way leave none that is not whole",
    arguments: ["batch", "seen", "report"])
  func mapsOnTheWay(command: String) throws {
    let (words, file) = try run("m")
    let more =
      switch command {
      case "batch": ["--step", "1"]
      case "seen": ["--doc", "1"]
      default: ["-o", folder.file("page.html")]
      }
    try expectEnd(
      [command] + words + more, after: file, status: 75, says: "the same command makes the others")
  }

  @Test("training that is stopped while it makes index maps leaves none that is not whole")
  func training() throws {
    let (words, file) = try run("m")
    try expectEnd(
      [words[1], "--metrics", folder.file("metrics.jsonl")], after: file, status: 75,
      says: "the same command makes the others", program: BuiltProgram("neox-train"))
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
