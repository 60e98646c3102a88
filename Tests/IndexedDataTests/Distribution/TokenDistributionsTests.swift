import Foundation
import TestSupport
import Testing

@testable import IndexedData
@testable import Machine

@Suite("Token distributions")
struct TokenDistributionsTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Documents of random logits, best first.
  private func sample(
    _ sizes: [Int], topCount: Int, vocabularySize: Int, seed: UInt64 = 3
  ) -> [TokenDistribution] {
    var generator = SeededGenerator(seed: seed)
    return sizes.map { size in
      var ids: [Int32] = []
      var logits: [Float] = []
      for _ in 0..<size {
        var taken: Set<Int32> = []
        while taken.count < topCount {
          taken.insert(Int32.random(in: 0..<Int32(vocabularySize), using: &generator))
        }
        ids += taken.sorted()
        logits += (0..<topCount).map { _ in Float.random(in: -9...9, using: &generator) }
          .sorted(by: >)
      }
      return TokenDistribution(
        topCount: topCount, ids: ids, logits: logits,
        logSumExp: (0..<size).map { _ in Float.random(in: 9...12, using: &generator) })
    }
  }

  private func writer(
    _ name: String, _ documents: [TokenDistribution], vocabularySize: Int
  ) throws -> TokenDistributionWriter {
    try TokenDistributionWriter(
      path: folder.file(name), key: (folder.file(name + "_key.json"), Array("key\n".utf8)),
      topCount: documents.first?.topCount ?? 4, vocabularySize: vocabularySize,
      documents: documents.count, policy: .keep)
  }

  /// Writes documents in calls of `step`; returns the file's bytes.
  @discardableResult
  private func write(
    _ name: String, _ documents: [TokenDistribution], vocabularySize: Int = 1000, step: Int = 7,
    threads: Int = 1
  ) throws -> [UInt8] {
    let writer = try writer(name, documents, vocabularySize: vocabularySize)
    try append(documents, to: writer, step: step, threads: threads)
    try writer.finish()
    return try folder.read(name)
  }

  private func append(
    _ documents: [TokenDistribution], to writer: TokenDistributionWriter, step: Int = 7,
    threads: Int = 1, limit: Int = .max
  ) throws {
    while writer.documentCount < min(documents.count, limit) {
      let first = writer.documentCount
      try writer.append(
        Array(documents[first..<min(first + step, documents.count)]), threads: threads)
    }
  }

  @Test("what is written is read back, in any order", arguments: [1000, 65_536, 65_537, 200_000])
  func roundTrip(vocabularySize: Int) throws {
    // The large ones fill blocks of their own.
    let sizes = [3, 0, 1, 40, 11_000, 2, 0, 7_000, 7_000, 1, 5, 0]
    let documents = sample(sizes, topCount: 16, vocabularySize: vocabularySize)
    let bytes = try write("a", documents, vocabularySize: vocabularySize)
    let threaded = try write("b", documents, vocabularySize: vocabularySize, threads: 3)
    #expect(bytes == threaded)
    for mode in ReadingMode.allCases {
      let file = try TokenDistributions(path: folder.file("a"), mode: mode)
      #expect(file.documentCount == sizes.count && file.topCount == 16)
      #expect(file.vocabularySize == vocabularySize && file.blockCount > 3)
      var order = Array(sizes.indices)
      for _ in 0..<2 {
        for number in order { #expect(try file.document(number) == documents[number]) }
        var generator = SeededGenerator(seed: 8)
        order.shuffle(using: &generator)
      }
      for number in [-1, sizes.count] {
        #expect(throws: IndexedDataError.self) { try file.document(number) }
      }
    }
    var options = VerifyOptions()
    options.isDeep = true
    let report = try verifyDistributions(folder.file("a"), options)
    #expect(report.isSound && report.documents == sizes.count, "\(report.problems)")
    #expect(report.elements?.largest ?? 0 < vocabularySize)
    let key = try folder.read("a_key.json")
    #expect(key == Array("key\n".utf8))
    let identity = try TokenDistributions(path: folder.file("a")).identity
    let hash = ContentHash.hash(key.span.bytes)
    #expect(identity == hash)
  }

  @Test("no documents, and documents without positions")
  func empty() throws {
    for sizes in [[], [0], [0, 0, 0]] {
      let name = "empty\(sizes.count)"
      try write(name, sample(sizes, topCount: 4, vocabularySize: 1000))
      let file = try TokenDistributions(path: folder.file(name))
      #expect(file.documentCount == sizes.count)
      for number in sizes.indices { #expect(try file.document(number).positionCount == 0) }
    }
  }

  @Test("work that was killed or suspended goes on to the same bytes")
  func resumption() throws {
    let sizes = (0..<40).map { ($0 * 37) % 23 }
    let documents = sample(sizes, topCount: 8, vocabularySize: 1000)
    let whole = try write("whole", documents)
    for isSuspended in [false, true] {
      let name = "part\(isSuspended)"
      do {
        let first = try writer(name, documents, vocabularySize: 1000)
        try append(documents, to: first, limit: 14)
        try first.checkpoint()
        try append(documents, to: first, limit: 28)
        // Dropped with blocks behind the checkpoint.
        if isSuspended { try first.suspend() }
      }
      #expect(!FileManager.default.fileExists(atPath: folder.file(name)))
      let second = try writer(name, documents, vocabularySize: 1000)
      #expect(second.documentCount == (isSuspended ? 28 : 14))
      try append(documents, to: second)
      try second.finish()
      #expect(try folder.read(name) == whole)
      let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(left.filter { $0.hasPrefix(name) }.sorted() == [name, name + "_key.json"])
    }
  }

  @Test("every changed byte and every cut is found")
  func damage() throws {
    let documents = sample([2, 0, 3, 1, 2], topCount: 3, vocabularySize: 1000)
    let bytes = try write("sound", documents, step: 2)
    var options = VerifyOptions()
    options.isDeep = true
    let path = folder.file("damaged")
    for place in bytes.indices {
      var other = bytes
      other[place] ^= 1 << UInt8(place % 8)
      try folder.write("damaged", other)
      #expect(try !verifyDistributions(path, options).isSound, "byte \(place)")
      #expect(throws: IndexedDataError.self, "byte \(place)") {
        let file = try TokenDistributions(path: path)
        for number in 0..<file.documentCount { _ = try file.document(number) }
      }
    }
    for count in 0..<bytes.count {
      try folder.write("damaged", Array(bytes.prefix(count)))
      #expect(throws: IndexedDataError.self, "cut to \(count)") {
        try TokenDistributions(path: path)
      }
    }
  }

  @Test("logits that are out of order are found")
  func order() throws {
    let wrong = TokenDistribution(
      topCount: 2, ids: [1, 2, 5, 4, 1, 2], logits: [1, 2, 3, 3, 2, 1], logSumExp: [4, 4, 1])
    try write("wrong", [wrong])
    var options = VerifyOptions()
    #expect(try verifyDistributions(folder.file("wrong"), options).isSound)
    options.isDeep = true
    #expect(try verifyDistributions(folder.file("wrong"), options).problemCount == 3)
  }

  @Test("the key file must be the one that the header knows")
  func key() throws {
    try write("k.logits", sample([2, 1], topCount: 3, vocabularySize: 1000))
    let path = folder.file("k.logits")
    let alone = try verifyDistributions(path, VerifyOptions())
    #expect(alone.isSound && alone.warnings.count == 1)
    try folder.write("k_key.json", Array("key\n".utf8))
    let right = try verifyDistributions(path, VerifyOptions())
    #expect(right.isSound && right.warnings.isEmpty)
    try folder.write("k_key.json", Array("other\n".utf8))
    let wrong = try verifyDistributions(path, VerifyOptions())
    #expect(wrong.problems.map(\.path) == [folder.file("k_key.json")])
  }

  @Test("want of memory while compressing is an error")
  func memory() throws {
    // zstd returns -64 where it gets no memory.
    #expect(
      throws: IndexedDataError.system(
        SystemError(call: "ZSTD_compress", path: "x", code: 12))
    ) { try DistributionBlock.checkCompressed(-64, path: "x") }
    try DistributionBlock.checkCompressed(64, path: "x")
  }
}
