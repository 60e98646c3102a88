import Foundation
import Preprocess
import TestSupport
import Testing

/// Reading in parts: after a break, and among machines.
@Suite struct PositionTests {
  let folder: TemporaryFolder
  let inputs: InputList

  /// Inputs of every kind, with empty records and faults in between.
  init() throws {
    folder = try TemporaryFolder()
    var generator = SeededGenerator(seed: 11)
    func lines(_ count: Int, _ longest: Int) -> [UInt8] {
      var bytes: [UInt8] = []
      for index in 0..<count {
        let words = Int.random(in: 0...longest, using: &generator)
        let text = String(repeating: "w\(index) \\u00e9 ", count: words)
        let line: String
        switch index % 17 {
        case 3: line = "{\"text\":\"\"}"
        case 5: line = "{\"text\":5}"
        case 7: line = "{\"text\":[\"\(text)\",\"\(text)\"]}"
        default: line = "{\"text\":\"\(text)\"}"
        }
        bytes += Array((line + (index == count - 1 ? "" : "\n")).utf8)
      }
      return bytes
    }
    let array = Array(
      ("[\n"
        + (0..<60).map { "{\"text\":\"e\($0) \(String(repeating: "x ", count: $0 * 20))\"}" }
        .joined(separator: ",\n") + "\n]\n").utf8)
    let prose = Array(String(repeating: "words and\r\nlines ", count: 700).utf8)
    try folder.write("a.jsonl", lines(120, 40))
    try folder.write("b.jsonl.zst", Containers.compressed(lines(120, 40), .zstd))
    try folder.write("c.txt", prose)
    try folder.write("d.json", array)
    try folder.write(
      "e.tar.gz",
      Containers.compressed(
        Containers.tar([
          ("1.txt", Array("one".utf8)), ("2.txt", Array("two".utf8)), ("3.jsonl", lines(50, 40)),
          ("4.txt", prose), ("5.txt", []),
          ("6.jsonl.xz", Containers.compressed(lines(30, 50), .xz)),
          ("7", Array("seven".utf8)),
        ]), .gzip))
    try folder.write("f.txt", [])
    try folder.write("g.jsonl", lines(40, 300))
    let sized = [Array("x".utf8), prose, prose, Array("y".utf8)].flatMap {
      Array(String("000000000000000\($0.count)".suffix(16)).utf8) + $0
    }
    try folder.write("h.dat.zst", Containers.compressed(sized, .zstd))
    inputs = try InputList([folder.path])
  }

  /// Small items; records above 2 KiB are long ones.
  static func options(itemBytes: Int = 1 << 10) -> ReadingOptions {
    .testing(itemBytes: itemBytes, recordLimit: 2 * itemBytes)
  }

  @Test func itemSizesDoNotMatter() throws {
    let whole = try Reading(inputs, .testing())
    #expect(whole.documents.count > 250)
    #expect(whole.counts.faults > 10 && whole.counts.empty > 10)
    #expect(whole.counts.read == whole.documents.count + whole.counts.empty + whole.counts.faults)
    for itemBytes in [64, 300, 1 << 10, 1 << 13] {
      let cut = try Reading(inputs, Self.options(itemBytes: itemBytes))
      #expect(cut.documents == whole.documents, "items of \(itemBytes)")
      #expect(cut.faults == whole.faults, "items of \(itemBytes)")
      #expect(cut.quarantined == whole.quarantined, "items of \(itemBytes)")
      #expect(cut.counts.read == whole.counts.read && cut.counts.empty == whole.counts.empty)
      #expect(cut.itemCount > whole.itemCount)
    }
  }

  @Test func resumesAfterEveryItem() throws {
    let options = Self.options()
    let whole = try Reading(inputs, options)
    var inside = 0
    for (index, position) in whole.positions.enumerated() {
      let stored = try #require(SourcePosition(storedBytes: position.storedBytes))
      #expect(stored == position)
      let rest = try Reading(inputs, options, from: stored)
      let done = whole.documentCounts[index]
      if position.isInsideDocument {
        inside += 1
        let tail = try #require(rest.texts.first)
        #expect(whole.texts[done].hasSuffix(tail), "after item \(index)")
        #expect(rest.documents.dropFirst() == whole.documents[(done + 1)...], "after item \(index)")
      } else {
        #expect(rest.documents[...] == whole.documents[done...], "after item \(index)")
      }
      #expect(rest.itemCount == whole.itemCount - index - 1, "after item \(index)")
      #expect(whole.faults.suffix(rest.faults.count) == rest.faults[...], "after item \(index)")
      #expect(rest.positions[...] == whole.positions[(index + 1)...], "after item \(index)")
    }
    #expect(inside > 10)
  }

  @Test func resumesInsideDocumentsUnderOtherLimits() throws {
    let whole = try Reading(inputs, Self.options(itemBytes: 256))
    var kinds: [[Int]: Int] = [:]
    for (index, position) in whole.positions.enumerated() where position.isInsideDocument {
      kinds[[position.input, position.stream], default: 0] += 1
      // Of each stream a few places will do.
      guard kinds[[position.input, position.stream], default: 0] <= 6 else { continue }
      for itemBytes in [64, 1 << 19] {
        let rest = try Reading(inputs, Self.options(itemBytes: itemBytes), from: position)
        let done = whole.documentCounts[index]
        let tail = try #require(rest.texts.first)
        let what: Comment = "after item \(index), items of \(itemBytes)"
        #expect(whole.texts[done].hasSuffix(tail), what)
        let left = try whole.texts[done].utf8.count - textBytes(before: position)
        #expect(tail.utf8.count == left, what)
        #expect(rest.documents.dropFirst() == whole.documents[(done + 1)...], what)
        #expect(whole.faults.suffix(rest.faults.count) == rest.faults[...], what)
      }
    }
    // Lines, lines of a stream, a text, an array, three members of an archive, more lines, records
    // with their lengths.
    #expect(kinds.count == 9, "\(kinds)")
  }

  /// Bytes of a document's text before a position, which counts those of a plain text as stored.
  private func textBytes(before position: SourcePosition) throws -> Int {
    let path = inputs.entries[position.input].path
    guard path.hasSuffix(".txt") else { return position.textByte }
    let stored = try Data(contentsOf: URL(filePath: path)).prefix(position.textByte)
    return stored.count - zip(stored, stored.dropFirst()).count { $0 == 0x0D && $1 == 0x0A }
  }

  @Test func bytesReadGoOnWhereReadingDoes() throws {
    let options = Self.options()
    var source = try DocumentSource(inputs, options: options)
    var ledger = LineLedger()
    var reader = RecordReader(options)
    var last = 0
    #expect(source.bytesRead == 0)
    while let item = try source.next() {
      let counts = try reader.forEachDocument(in: item) { _ in
      } onFault: { _ in
      }
      let position = ledger.finish(item.tag, lines: counts.lines)
      #expect(source.bytesRead >= last && source.bytesRead <= source.byteCount)
      last = source.bytesRead
      let before = inputs.entries[..<position.input].reduce(0) { $0 + $1.byteCount }
      var rest = try DocumentSource(inputs, options: options, resumingAt: position)
      if try rest.next() != nil { #expect(rest.bytesRead >= before) }
      #expect(rest.byteCount == source.byteCount)
    }
    #expect(source.bytesRead == source.byteCount)
  }

  @Test func positionsOutsideTheInputsAreRefused() throws {
    var far = SourcePosition()
    far.byte = 1 << 40
    #expect(throws: PreprocessError.self) { try Reading(inputs, .testing(), from: far) }
    far = SourcePosition()
    far.input = 99
    #expect(throws: PreprocessError.self) { try Reading(inputs, .testing(), from: far) }
    #expect(SourcePosition(storedBytes: [1, 2, 3]) == nil)
  }

  @Test(arguments: [1, 2, 3, 7, 64, 1000])
  func shardsTogetherAreEverything(_ count: Int) throws {
    let whole = try Reading(inputs, .testing())
    var documents: [Reading.Document] = []
    var faults: [String] = []
    var read = 0
    for index in 0..<count {
      let part = try Reading(inputs, .testing(), shard: Shard(index: index, of: count))
      documents += part.documents
      faults += part.faults
      read += part.counts.read
    }
    #expect(documents == whole.documents)
    #expect(faults == whole.faults)
    #expect(read == whole.counts.read)
  }

  @Test func shardsOfFewShortLines() throws {
    let path = try folder.write("tiny", Array("\"a\"\n\"b\"\n\n\"c\"".utf8))
    let list = try InputList([path], format: .jsonl)
    for count in 1...40 {
      let parts = try (0..<count).flatMap {
        try Reading(list, .testing(), shard: Shard(index: $0, of: count)).texts
      }
      #expect(parts == ["a", "b", "c"], "\(count) shards")
    }
  }
}
