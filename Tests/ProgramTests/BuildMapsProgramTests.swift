import Foundation
import IndexedData
import TestSupport
import Testing

/// `neox-index build-maps`.
@Suite("neox-index build-maps")
struct BuildMapsProgramTests {
  static let program = BuiltProgram("neox-index")
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Writes documents of up to five tokens; returns the prefix.
  private func write(_ name: String, documents: Int, seed: UInt64 = 1) throws -> String {
    var random = SeededGenerator(seed: seed)
    let output = DatasetOutput(prefix: folder.file(name), elementType: .uint16)
    let builder = try DatasetBuilder(output, overwrite: true)
    for _ in 0..<documents {
      let size = Int.random(in: 1...5, using: &random)
      try builder.append(sequences: [(0..<size).map { Int64($0) + 1 }])
    }
    try builder.finish()
    return folder.file(name)
  }

  /// The files of maps; without the lines of a key that tell when they were written.
  private func maps(_ prefix: String) throws -> [String: [UInt8]] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    let stem = URL(filePath: prefix).lastPathComponent + "_"
    return Dictionary(
      uniqueKeysWithValues: try names.filter { $0.hasPrefix(stem) }.map { name in
        let bytes = try folder.read(name)
        guard name.hasSuffix("key.json") else { return (String(name.dropFirst(stem.count)), bytes) }
        let lines = bytes.split(separator: 0x0A).filter {
          !String(decoding: $0, as: UTF8.self).contains("_modified\": ")
        }
        return (String(name.dropFirst(stem.count)), Array(lines.joined(separator: [0x0A])))
      })
  }

  @Test("maps are made, kept, and made again for other data")
  func states() throws {
    let prefix = try write("a", documents: 500)
    let arguments = ["build-maps", prefix, "--samples", "300", "--seq-length", "4"]
    let first = try Self.program.run(arguments)
    #expect(first.status == 0 && first.output.contains("a train_0: "), "\(first.all)")
    #expect(first.errors.contains("a run with data_path reads --name train"), "\(first.all)")
    let named = try Self.program.run(arguments + ["--name", "train_0"])
    #expect(named.status == 0 && named.errors.isEmpty, "\(named.all)")
    let none = try Self.program.run(["build-maps", prefix, "--samples", "0", "--seq-length", "4"])
    #expect(none.status == 2, "\(none.all)")
    #expect(first.output.contains(" samples, made in "))
    let base = "train_0_indexmap_300ns_4sl_1234s_packedpi_ac_"
    let made = try maps(prefix)
    #expect(
      made.keys.sorted()
        == ["doc_idx.npy", "key.json", "sample_idx.npy", "shuffle_idx.npy"].map {
          base + $0
        })
    #expect(try Self.program.run(arguments).output.contains(" samples, kept in "))
    #expect(try maps(prefix) == made)
    _ = try write("a", documents: 500, seed: 2)
    let json = try Self.program.run(arguments + ["--json"])
    #expect(json.output.contains("\"state\": \"replaced\""), "\(json.all)")
    #expect(try maps(prefix) != made)
  }

  @Test(
    "a changed byte inside a map is found, and the map made again",
    arguments: ["doc", "sample", "shuffle"])
  func damagedMap(name: String) throws {
    let prefix = try write("d", documents: 500)
    let arguments = ["build-maps", prefix, "--samples", "300", "--seq-length", "4", "--json"]
    #expect(try Self.program.run(arguments).status == 0)
    let made = try maps(prefix)
    let file = "d_train_0_indexmap_300ns_4sl_1234s_packedpi_ac_\(name)_idx.npy"
    var bytes = try folder.read(file)
    bytes[bytes.count - 4] ^= 1
    try folder.write(file, bytes)
    #expect(try maps(prefix) != made)
    let again = try Self.program.run(arguments)
    #expect(again.output.contains("\"state\": \"replaced\""), "\(again.all)")
    #expect(try maps(prefix) == made)
  }

  @Test(
    "maps that no machine has the memory for are refused before they are begun",
    arguments: ["packed", "unpacked", "pack_until_overflow"])
  func tooLarge(packing: String) throws {
    let prefix = try write("h", documents: 500)
    let run = try Self.program.run([
      "build-maps", prefix, "--samples", "1000000000000", "--seq-length", "4", "--pack-impl",
      packing,
    ])
    #expect(
      run.status == 1 && run.errors.contains("GiB of memory while they are made"), "\(run.all)")
    #expect(run.errors.contains("data_order: stable"))
    #expect(try maps(prefix).isEmpty)
  }

  @Test("of processes that begin together one makes the maps, the others wait, no file is torn")
  func race() throws {
    let prefix = try write("r", documents: 60_000)
    let alone = try write("s", documents: 60_000)
    func arguments(_ prefix: String) -> [String] {
      ["build-maps", prefix, "--samples", "3000000", "--seq-length", "2", "--json"]
    }
    let running = try (0..<3).map { _ in try Self.program.start(arguments(prefix)) }
    let runs = try running.map { try $0.wait() }
    #expect(runs.allSatisfy { $0.status == 0 }, "\(runs.map(\.all))")
    #expect(runs.count { $0.output.contains("\"state\": \"made\"") } == 1)
    #expect(runs.count { $0.output.contains("\"state\": \"kept\"") } == 2)
    #expect(try Self.program.run(arguments(alone)).status == 0)
    #expect(try maps(prefix).count == 4 && maps(prefix) == maps(alone))
  }

  @Test(
    "a process that is killed leaves nothing that is taken for maps",
    arguments: ["lock", "sample_idx.npy.new", "shuffle_idx.npy.new", "sample_idx.npy"])
  func killed(file: String) throws {
    let prefix = try write("k", documents: 60_000)
    let alone = try write("l", documents: 60_000)
    func arguments(_ prefix: String) -> [String] {
      ["build-maps", prefix, "--samples", "2000000", "--seq-length", "2"]
    }
    let running = try Self.program.start(arguments(prefix))
    // Whenever it is hit, the next one has the right maps.
    let path = prefix + "_train_0_indexmap_2000000ns_2sl_1234s_packedpi_ac_" + file
    while running.isRunning, !FileManager.default.fileExists(atPath: path) {}
    running.send(SIGKILL)
    _ = try running.wait()
    let second = try Self.program.run(arguments(prefix))
    #expect(second.status == 0, "\(second.all)")
    #expect(try Self.program.run(arguments(alone)).status == 0)
    #expect(try maps(prefix).count == 4 && maps(prefix) == maps(alone))
  }

  @Test(
    "all datasets and splits of a configuration, with any number of workers", arguments: [1, 3])
  func configuration(workers: Int) throws {
    let (a, b) = (try write("a", documents: 700), try write("b", documents: 400, seed: 2))
    let text = """
      {
        "num_layers": 2, "hidden_size": 64, "num_attention_heads": 4, "seq_length": 16,
        "max_position_embeddings": 16, "train_micro_batch_size_per_gpu": 4, "train_iters": 10,
        "eval_interval": 5, "eval_iters": 1, "optimizer": {"type": "Adam", "params": {"lr": 0.001}},
        "train_data_paths": ["\(a)", "\(b)"], "valid_data_paths": ["\(b)"],
        "test_data_paths": ["\(b)"], "train_data_weights": [1, 3], "eod_mask_loss": true,
      }
      """
    let config = try folder.write("c.yml", Array(text.utf8))
    let arguments = ["build-maps", "--config", config, "--workers", "\(workers)"]
    let run = try Self.program.run(arguments)
    #expect(run.status == 0, "\(run.all)")
    #expect(run.output.split(separator: "\n").count == 4)
    let names = try Set(maps(a).keys).union(maps(b).keys).filter { $0.hasSuffix("key.json") }
    #expect(
      names.sorted() == [
        "test_0_indexmap_5ns_16sl_1234s_packedpi_ac_key.json",
        "train_0_indexmap_11ns_16sl_1234s_packedpi_ac_key.json",
        "train_1_indexmap_31ns_16sl_1234s_packedpi_ac_key.json",
        "valid_0_indexmap_13ns_16sl_1234s_packedpi_ac_key.json",
      ])
    let wide = try Self.program.run(arguments + ["--world-size", "2"])
    #expect(wide.output.contains("train_1_indexmap_61ns"), "\(wide.all)")
    let stable = try Self.program.run(arguments + ["--set", "data_order=stable"])
    #expect(stable.status == 0 && stable.errors.contains("needs no index maps"), "\(stable.all)")
  }

  @Test(
    "what is wrong is said",
    arguments: [
      ([], "one of the arguments --config PREFIX is required"),
      (["a"], "argument --seq-length is required"),
      (["a", "--seq-length", "4"], "one of the arguments --samples --epochs is required"),
      (
        ["a", "--seq-length", "4", "--samples", "1", "--epochs", "1"],
        "argument --epochs: not allowed with argument --samples"
      ),
      (["a", "--config", "c.yml"], "argument --config: names the run's datasets"),
      (
        ["a", "--seq-length", "4", "--samples", "1", "--negative", "a"],
        "argument --negative: pairs cannot be packed"
      ),
      (["gone", "--seq-length", "4", "--samples", "1"], "gone.idx"),
    ] as [([String], String)])
  func refusals(arguments: [String], message: String) throws {
    let run = try Self.program.run(["build-maps"] + arguments)
    #expect(run.status != 0 && run.errors.contains(message), "\(run.all)")
  }

  @Test("maps that cannot be written are an error")
  func unwritable() throws {
    let prefix = try write("u", documents: 50)
    let base = prefix + "_train_0_indexmap_30ns_4sl_1234s_packedpi_ac"
    try FileManager.default.createDirectory(
      atPath: base + "_lock", withIntermediateDirectories: false)
    let run = try Self.program.run(
      ["build-maps", prefix, "--samples", "30", "--seq-length", "4"])
    #expect(run.status == 1 && run.errors.contains("cannot be written"), "\(run.all)")
  }
}
