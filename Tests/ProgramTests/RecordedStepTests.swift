import Foundation
import TestSupport
import Testing

/// `neox-index batch` beside what entered the model when GPT-NeoX was run.
@Suite(
  "Recorded steps",
  .enabled(if: SharedMaterial.isPresent, Comment(rawValue: SharedMaterial.absent)))
struct RecordedStepTests {
  private static let golden = SharedMaterial.path("golden/")

  /// Every recorded run with its batches.
  static let runs: [String] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: golden)) ?? []
    return names.sorted().filter {
      FileManager.default.fileExists(atPath: "\(golden)\($0)/batch_step1_micro1_tokens.npy")
    }
  }()

  @Test("every recorded array is printed", arguments: runs)
  func arrays(name: String) throws {
    let fixture = try StepFixture()
    // Index maps land beside the data.
    try FileManager.default.copyItem(
      atPath: Self.golden + "data", toPath: fixture.folder.file("data"))
    let folder = fixture.folder.file(name)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      atPath: "\(Self.golden)\(name)/config.yml", toPath: folder + "/config.yml")
    var arrays = 0
    for step in 1...3 {
      let batches = try fixture.json(
        ["batch", "--config", "config.yml", "--step", "\(step)"], in: folder)
      for (place, batch) in batches.enumerated() {
        #expect(batch.integer("step") == step && batch.integer("micro_step") == place + 1)
        for array in ["tokens", "labels", "loss_mask", "rewards", "ref_logp"] {
          let path = "\(Self.golden)\(name)/batch_step\(step)_micro\(place + 1)_\(array).npy"
          guard FileManager.default.fileExists(atPath: path) else {
            #expect(array == "rewards" || array == "ref_logp")
            continue
          }
          // A reference model in memory gives its numbers while it trains.
          if array == "ref_logp", !name.hasSuffix("_precompute") { continue }
          // All are whole or float32; Foundation reads some fractions an ulp of a double away.
          #expect(
            try batch.numbers(array)?.map(Float.init) == NumPyOracle.read(path).map(Float.init),
            "\(name), step \(step), micro batch \(place + 1), \(array)")
          arrays += 1
        }
      }
      let count = try FileManager.default.contentsOfDirectory(atPath: Self.golden + name).count {
        $0.hasPrefix("batch_step\(step)_") && $0.hasSuffix("_tokens.npy")
      }
      #expect(batches.count == count)
    }
    #expect(arrays >= 9)
  }
}
