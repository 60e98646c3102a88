import TestSupport
import Testing

@testable import IndexedData

@Suite("Mangled index files")
struct MangledIndexTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  /// Opens a pair in both modes and reads all that can be asked for, and more.
  ///
  /// Returns how many reads succeeded, which is the same in both modes.
  @discardableResult
  func readEverything(_ pair: GoldenPair, _ comment: Comment) throws -> Int? {
    try folder.write("d.idx", pair.index)
    let prefix = folder.file("d")
    if (try? folder.read("d.bin")) != pair.elements { try folder.write("d.bin", pair.elements) }
    let mapped = Self.readEverything(prefix, .mmap)
    let called = Self.readEverything(prefix, .pread)
    #expect(mapped.outcomes == called.outcomes, comment)
    return mapped.count
  }

  /// What reading gives, errors included, as text; and how many reads succeeded, `nil` when the
  /// dataset does not open.
  static func readEverything(
    _ prefix: String, _ mode: ReadingMode
  ) -> (outcomes: [String], count: Int?) {
    var outcomes: [String] = []
    var count = 0
    func note<Value>(_ what: String, _ read: () throws -> Value) {
      do {
        outcomes.append("\(what) \(try read())")
        count += 1
      } catch {
        outcomes.append("\(what): \(error)")
      }
    }
    let dataset: IndexedDataset
    do {
      dataset = try IndexedDataset(prefix: prefix, mode: mode)
    } catch {
      return (["\(error)"], nil)
    }
    for sequence in -1...(min(dataset.sequenceCount, 20) + 1) {
      note("size") { try dataset.size(of: sequence) }
      note("pointer") { try dataset.pointer(of: sequence) }
      note("values") { try dataset.values(of: sequence) }
      note("next") { try dataset.firstToken(after: sequence) as Any }
      note("mode") { try dataset.mode(of: sequence) }
      note("ahead") { try dataset.readAhead(sequence, from: 1, count: 2) }
      note("prefetch") { try dataset.prefetch(sequence, from: 1, count: 2) }
      note("part") {
        var ids = [UInt32](repeating: 0, count: 2)
        var span = ids.mutableSpan
        try dataset.read(sequence, from: 1, into: &span)
        return ids
      }
      note("short") {
        var ids = [Int32](repeating: 0, count: 2)
        var span = ids.mutableSpan
        try dataset.read(sequence, into: &span)
        return ids
      }
      note("fractions") {
        var values = [Float](repeating: 0, count: 2)
        var span = values.mutableSpan
        try dataset.read(sequence, into: &span)
        return values.map(\.bitPattern)
      }
    }
    note("sizes") { try dataset.sizes(of: 0..<min(dataset.sequenceCount, 20)) }
    for document in -1...(min(dataset.documentCount, 20) + 1) {
      note("document") { try dataset.sequences(ofDocument: document) }
    }
    return (outcomes, count)
  }

  @Test("every golden pair is sound to begin with", arguments: GoldenPair.all)
  func sound(golden: GoldenPair) throws {
    let outcomes = try readEverything(golden, "as it is")
    #expect((outcomes ?? 0) > 0 || golden.elements.isEmpty)
  }

  @Test("cut anywhere or with bytes behind, an index is refused", arguments: GoldenPair.all)
  func truncated(golden: GoldenPair) throws {
    for length in 0..<golden.index.count {
      var pair = golden
      pair.index = Array(golden.index.prefix(length))
      let outcomes = try readEverything(pair, "cut to \(length)")
      // Without its modes a Megatron-core index is whole again.
      let isWhole = golden.name.contains("modes") && length == golden.index.count - 3
      #expect((outcomes == nil) != isWhole, "cut to \(length)")
    }
    for extra in 1...9 {
      var pair = golden
      pair.index += Array(repeating: 0, count: extra)
      let couldBeModes = !golden.name.contains("modes") && !golden.name.contains("TNTIDX")
      let sequences = Int(golden.index[golden.name.contains("TNTIDX") ? 32 : 18])
      let outcomes = try readEverything(pair, "\(extra) bytes more")
      #expect((outcomes == nil) != (couldBeModes && extra == sequences), "\(extra) bytes more")
    }
  }

  @Test("a cut .bin is refused", arguments: GoldenPair.all)
  func truncatedElements(golden: GoldenPair) throws {
    for length in 0..<golden.elements.count {
      var pair = golden
      pair.elements = Array(golden.elements.prefix(length))
      #expect(try readEverything(pair, "cut to \(length)") == nil, "cut to \(length)")
    }
  }

  @Test("every byte set to odd values", arguments: GoldenPair.all)
  func everyByte(golden: GoldenPair) throws {
    for place in golden.index.indices {
      for value in [golden.index[place] &+ 1, golden.index[place] ^ 0x80, 0xFF, 0x00] as [UInt8] {
        var pair = golden
        pair.index[place] = value
        try readEverything(pair, "byte \(place) set to \(value)")
      }
    }
  }

  @Test("fields and arrays overwritten by chance", arguments: GoldenPair.all)
  func random(golden: GoldenPair) throws {
    let odd: [UInt64] = [
      0, 1, 2, 3, 7, 8, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1 << 40, .max >> 1, 1 << 63, .max,
      .max - 7, .max / 12, .max / 8, .max / 4,
    ]
    for seed in UInt64(0)..<400 {
      var generator = SeededGenerator(seed: seed)
      var pair = golden
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let width = [1, 2, 4, 8].randomElement(using: &generator) ?? 8
        let start = Int.random(in: 0..<pair.index.count, using: &generator)
        let number =
          Bool.random(using: &generator)
          ? odd.randomElement(using: &generator) ?? 0 : generator.next()
        for (offset, place) in (start..<min(start + width, pair.index.count)).enumerated() {
          pair.index[place] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(offset)))
        }
      }
      if seed % 5 == 0 {
        pair.index.removeLast(Int.random(in: 0..<pair.index.count, using: &generator))
      }
      try readEverything(pair, "seed \(seed)")
    }
  }
}
