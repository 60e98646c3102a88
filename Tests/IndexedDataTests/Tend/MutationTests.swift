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
}
