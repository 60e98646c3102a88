import Foundation
import TestSupport
import Testing

@testable import IndexedData

struct MutationTests {
  @Test(arguments: [false, true])
  func everyChangeOfOneByteIsFound(old: Bool) throws {
    let folder = try TemporaryFolder()
    let sample = Sample(documents: Sample.t.sequences, type: old ? .int32 : .uint16)
    let prefix = try sample.write(folder, "a", old: old)
    let sound = try folder.read("a.idx")
    for place in sound.indices {
      for change: UInt8 in [1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80, 0xFF] {
        var bytes = sound
        bytes[place] ^= change
        try folder.write("a.idx", bytes)
        let report = try verifyDataset(prefix)
        #expect(
          !report.isSound || !report.warnings.isEmpty, "byte \(place) changed by \(change)")
        guard let dataset = try? IndexedDataset(prefix: prefix) else { continue }
        for sequence in 0..<dataset.sequenceCount { _ = try? dataset.tokens(of: sequence) }
      }
    }
  }

  @Test(arguments: [false, true])
  func everyCutAndAdditionIsFound(old: Bool) throws {
    let folder = try TemporaryFolder()
    let sample = Sample(documents: Sample.t.sequences, type: .int32)
    let prefix = try sample.write(folder, "a", old: old)
    let sound = try folder.read("a.idx")
    for count in sound.indices {
      try folder.write("a.idx", Array(sound.prefix(count)))
      #expect(try !verifyDataset(prefix).isSound, "cut to \(count)")
    }
    for count in 1...40 {
      try folder.write("a.idx", sound + [UInt8](repeating: 0, count: count))
      let report = try verifyDataset(prefix)
      #expect(!report.isSound || !report.warnings.isEmpty, "\(count) added")
    }
    try folder.write("a.idx", sound)
    for count in 0..<sample.bin.count {
      try folder.write("a.bin", Array(sample.bin.prefix(count)))
      #expect(try !verifyDataset(prefix).isSound, "elements cut to \(count)")
    }
  }

  @Test(arguments: 0..<200 as Range<UInt64>)
  func noToolIsUpsetByNumbersThatCannotBe(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let folder = try TemporaryFolder()
    let old = Bool.random(using: &random)
    let sample = Sample.random(seed: seed, documents: 8, type: .int32)
    let prefix = try sample.write(folder, "a", old: old)
    var bytes = try folder.read("a.idx")
    let extremes: [Int64] = [.min, .max, -1, 0, 1, 1 << 62, .min + 1, 1 << 32, -8, 4, 40]
    let start = old ? 56 : 34
    for _ in 0..<Int.random(in: 2...6, using: &random) {
      let place = start + Int.random(in: 0..<((bytes.count - start) / 4 - 1), using: &random) * 4
      let value = extremes.randomElement(using: &random) ?? 0
      for byte in 0..<8 { bytes[place + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte)) }
    }
    try folder.write("a.idx", bytes)
    var options = VerifyOptions()
    options.isDeep = true
    options.endOfDocument = 0
    _ = try verifyDataset(prefix, options)
    var repair = RepairOptions()
    repair.endOfDocument = 0
    if let repaired = try? repairDataset(prefix, to: folder.file("r"), repair) {
      #expect(try verifyDataset(repaired.prefix).isSound, "seed \(seed)")
    }
    if let dataset = try? IndexedDataset(prefix: prefix) {
      _ = try? DatasetStatistics(dataset)
      _ = try? compareDatasets(dataset, dataset)
      for document in 0..<dataset.tendedDocumentCount {
        for sequence in (try? dataset.tendedSequences(ofDocument: document)) ?? 0..<0 {
          _ = try? dataset.size(of: sequence)
        }
      }
    }
    _ = try? mergeDatasets([prefix, prefix], to: folder.file("m"))
    _ = try? splitDataset(prefix, to: folder.file("p"), .partsByTokens(3))
    _ = try? splitDataset(prefix, to: folder.file("q"), .documents(weights: "2,1,1"))
  }
}
