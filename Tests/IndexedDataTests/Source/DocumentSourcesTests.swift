import Foundation
import Machine
import TestSupport
import Testing

@testable import IndexedData

/// What a document was given, to be compared with what is read.
private struct Noted: Equatable {
  var place: SourceEntry?
  var id: [UInt8]?
}

@Suite("Where documents came from")
struct DocumentSourcesTests {
  private let files = [
    SourceFile(path: "a.jsonl", byteCount: 900, modified: -5, hash: "xxh64:01", format: "auto"),
    SourceFile(path: "b ü.zip", byteCount: 1 << 40, modified: 77, hash: "", format: "jsonl"),
  ]

  /// Documents that go on, go back, change the file or the member, and are unknown.
  private func random(_ count: Int, seed: UInt64) -> [Noted] {
    var random = SeededGenerator(seed: seed)
    var place = SourceEntry(file: 0, byte: 0, line: 1)
    return (0..<count).map { _ in
      switch Int.random(in: 0..<12, using: &random) {
      case 0:
        place = SourceEntry(
          file: 1, stream: .random(in: 0..<400, using: &random), member: "m/é.txt",
          byte: .random(in: 0..<1 << 40, using: &random),
          line: .random(in: 1..<1 << 30, using: &random))
      case 1: place.byte /= 2
      case 2: place = SourceEntry(file: 0, byte: 5, line: 3)
      case 3: return Noted()
      default:
        place.byte += .random(in: 0..<5000, using: &random)
        place.line += .random(in: 0..<60, using: &random)
      }
      let hasID = Bool.random(using: &random)
      let id = (0..<Int.random(in: 0..<300, using: &random)).map { UInt8(truncatingIfNeeded: $0) }
      return Noted(place: place, id: hasID ? id : nil)
    }
  }

  private func write(_ notes: [Noted], to path: String) throws {
    let writer = try SourceWriter(path: path)
    for note in notes { try writer.append(note.place, id: note.id, of: files) }
    try writer.finish(durable: false)
  }

  /// A file number of the table as it was before files joined it in their order.
  private func renumbered(_ note: Noted, _ sources: DocumentSources) -> Noted {
    var note = note
    if let file = note.place?.file {
      note.place?.file = files.firstIndex(of: sources.files[file]) ?? -1
    }
    return note
  }

  @Test("every document is read as it was noted", arguments: [0, 1, 63, 64, 65, 1000])
  func roundTrip(count: Int) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("d.src")
    let notes = random(count, seed: UInt64(count) + 3)
    try write(notes, to: path)
    let sources = try DocumentSources(path: path)
    #expect(sources.documentCount == count)
    try sources.check()
    for (document, note) in notes.enumerated() {
      let (place, id) = try sources.entry(document)
      #expect(renumbered(Noted(place: place, id: id), sources) == note, "document \(document)")
    }
    var read: [Noted] = []
    let part = count / 3..<count
    try sources.forEach(in: part) { place, id in read.append(Noted(place: place, id: id)) }
    #expect(read.map { renumbered($0, sources) } == Array(notes[part]))
    #expect(throws: IndexedDataError.self) { try sources.entry(count) }
    #expect(throws: IndexedDataError.self) { try sources.entry(-1) }
  }

  @Test("lines of one file take three bytes a document, and no more")
  func size() throws {
    let folder = try TemporaryFolder()
    let notes = (0..<6400).map {
      Noted(place: SourceEntry(file: 0, byte: $0 * 600, line: $0 + 1))
    }
    try write(notes, to: folder.file("d.src"))
    #expect(try folder.read("d.src").count < 3 * 6400 + 100 * 27 + 150)
  }

  @Test("a state that was stored goes on to the same bytes at every document")
  func resumed() throws {
    let notes = random(200, seed: 8)
    var whole = SourceBlocks()
    var expected: [UInt8] = []
    for note in notes { expected += whole.append(note.place, id: note.id?[...]) ?? [] }
    expected += whole.finish() ?? []
    var blocks = SourceBlocks()
    var found: [UInt8] = []
    for note in notes {
      blocks = try #require(SourceBlocks(storedBytes: blocks.storedBytes))
      found += blocks.append(note.place, id: note.id?[...]) ?? []
    }
    found += blocks.finish() ?? []
    #expect(found == expected)
    let stored = blocks.storedBytes
    for length in stored.indices {
      #expect(SourceBlocks(storedBytes: Array(stored[..<length])) == nil)
    }
  }

  @Test("every changed byte and every cut is found, and nothing crashes")
  func mutated() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("d.src")
    try write(random(150, seed: 4), to: path)
    let sound = try folder.read("d.src")
    var random = SeededGenerator(seed: 5)
    func isFound(_ bytes: [UInt8]) throws -> Bool {
      try folder.write("m.src", bytes)
      do {
        let sources = try DocumentSources(path: folder.file("m.src"))
        for document in stride(from: 0, to: min(sources.documentCount, 200), by: 31) {
          _ = try? sources.entry(document)
        }
        try sources.check()
        return false
      } catch {
        return true
      }
    }
    for byte in sound.indices where byte % 3 == 0 || byte > sound.count - 100 || byte < 40 {
      var bytes = sound
      bytes[byte] ^= UInt8.random(in: 1...255, using: &random)
      #expect(try isFound(bytes), "byte \(byte)")
    }
    for _ in 0..<200 {
      let length = Int.random(in: 0..<sound.count, using: &random)
      #expect(try isFound(Array(sound[..<length])), "cut to \(length)")
    }
    #expect(try !isFound(sound))
  }

  @Test("a hole of a terabyte takes no memory", arguments: [0, 64])
  func hole(documents: Int) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("h.src", SourceLayout.header)
    let end = 16 + 1 << 40
    var table = LittleEndianBytes()
    if documents > 0 { table.append(UInt64(16)) }
    let trailer = SourceTrailer(
      documentCount: documents, fileCount: 0, filesOffset: documents > 0 ? end : 16,
      tableOffset: end, filesHash: ContentHash().value, tableHash: 0)
    let file = try FileHandle(forWritingTo: URL(filePath: path))
    try file.seek(toOffset: UInt64(end))
    try file.write(contentsOf: Data(table.bytes + trailer.bytes))
    try file.close()
    #expect(throws: IndexedDataError.self) {
      try DocumentSources(path: path).entry(0)
    }
  }

  @Test("entries that a hash does not guard are bounds-checked")
  func entries() throws {
    var random = SeededGenerator(seed: 6)
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 0..<40, using: &random)).map { _ in
        Bool.random(using: &random)
          ? UInt8.random(in: 0...3, using: &random) : .random(in: 0...255, using: &random)
      }
      var places: [SourceEntry] = []
      let problem = unsafe SourceLayout.read(bytes.span.bytes, documents: 5, fileCount: 2) {
        _, place, _ in
        if let place { places.append(place) }
      }
      #expect(places.allSatisfy { $0.file < 2 && $0.byte >= 0 && $0.line >= 0 })
      if bytes.count < 5 { #expect(problem != nil) }
    }
  }

  // MARK: - Tools

  private func dataset(_ name: String, _ documents: Int, in folder: TemporaryFolder) throws {
    let sample = Sample.random(seed: 9, documents: documents)
    try folder.write(name + ".bin", sample.bin)
    try folder.write(name + ".idx", sample.idx)
  }

  private func notes(_ path: String) throws -> [Noted] {
    let sources = try DocumentSources(path: path)
    var notes: [Noted] = []
    try sources.forEach(in: 0..<sources.documentCount) { notes.append(Noted(place: $0, id: $1)) }
    return notes.map { renumbered($0, sources) }
  }

  @Test("split and merge carry sources along, back to the same bytes")
  func splitAndMerged() throws {
    let folder = try TemporaryFolder()
    let all = random(200, seed: 12)
    try dataset("d", 200, in: folder)
    try write(all, to: folder.file("d.src"))
    let parts = try splitDataset(folder.file("d"), to: folder.file("p"), .parts(3))
    var place = 0
    for part in parts {
      #expect(
        part.source?.byteCount == (try folder.read(String(part.prefix.suffix(3)) + ".src")).count)
      #expect(try notes(part.prefix + ".src") == Array(all[place..<place + part.documents]))
      place += part.documents
    }
    _ = try mergeDatasets(parts.map(\.prefix), to: folder.file("m"))
    #expect(try folder.read("m.src") == folder.read("d.src"))
    #expect(try verifyDataset(folder.file("m")).isSound)
    try dataset("n", 7, in: folder)
    let mixed = try mergeDatasets([folder.file("n"), folder.file("d")], to: folder.file("x"))[0]
    #expect(mixed.notes.contains { $0.contains("nothing is known of where its 7 documents") })
    #expect(try notes(folder.file("x.src")) == Array(repeating: Noted(), count: 7) + all)
  }

  @Test("what replaces a dataset never stands beside the sources of the one before")
  func replaced() throws {
    let folder = try TemporaryFolder()
    try dataset("d", 20, in: folder)
    try dataset("o", 20, in: folder)
    try write(random(20, seed: 1), to: folder.file("o.src"))
    #expect(throws: IndexedDataError.self) {
      try mergeDatasets([folder.file("d")], to: folder.file("o"))
    }
    var options = TendOptions()
    options.overwrite = true
    _ = try mergeDatasets([folder.file("d")], to: folder.file("o"), options)
    #expect(!FileManager.default.fileExists(atPath: folder.file("o.src")))
  }

  @Test("sources that are damaged or of another dataset are told; repair leaves them out")
  func unsound() throws {
    let folder = try TemporaryFolder()
    try dataset("d", 100, in: folder)
    try write(random(99, seed: 1), to: folder.file("d.src"))
    let report = try verifyDataset(folder.file("d"))
    #expect(report.problems.map(\.what) == ["number of documents"])
    try write(random(100, seed: 1), to: folder.file("d.src"))
    #expect(try verifyDataset(folder.file("d")).isSound)
    // The last document is half-written: the others keep their places.
    let bin = try folder.read("d.bin")
    try folder.write("d.bin", Array(bin.dropLast(2)))
    let kept = try repairDataset(folder.file("d"), to: folder.file("r"), RepairOptions())
    #expect(kept.documents == 99)
    #expect(try notes(folder.file("r.src")) == Array(random(100, seed: 1)[..<99]))
    var bytes = try folder.read("d.src")
    bytes[30] ^= 1
    try folder.write("d.src", bytes)
    let dropped = try repairDataset(folder.file("d"), to: folder.file("s"), RepairOptions())
    #expect(dropped.source == nil && dropped.notes.contains { $0.contains("is left out") })
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(!names.contains { $0.hasPrefix("s.src") })
    var expecting = VerifyOptions()
    expecting.expectsSource = true
    #expect(try !verifyDataset(folder.file("s"), expecting).isSound)
  }
}
