import Foundation
import Machine
import TestSupport
import Testing

@testable import IndexedData

@Suite("Files of maps")
struct MapFilesTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func request(_ length: OrderLength, packing: Packing = .packed) -> OrderRequest {
    OrderRequest(documents: 0..<5, length: length, sequenceLength: 4, packing: packing)
  }

  private static let maps10 = [
    "00e474285f5e052969469fc494535f42706816a29b48c218a27d1968836e27cd",
    "1e9e41f983051398720517711fc5b1bac78d958ddc538226aa261570cf739cc1",
    "31f5d64671006910304bd5bb1fdc4f4974a1ac2823d49b10026933af639bc9a8",
  ]

  @Test("files are GPT-NeoX's, byte for byte and by name")
  func files() throws {
    let data = OrderData(text: try Sample.t.dataset(folder, "t"))
    let files = MapFiles(request(.samples(10)), data, name: "train_0")
    #expect(try files.prepare(.besideData).origin == .written)
    let base = folder.file("t_train_0_indexmap_10ns_4sl_1234s_packedpi_ac_")
    let names = ["doc_idx.npy", "sample_idx.npy", "shuffle_idx.npy"]
    #expect(files.paths == (names + ["key.json"]).map { base + $0 })
    let hashes = try files.paths.prefix(3).map {
      SHA256Oracle.hex(try folder.read(String($0.dropFirst(folder.path.count + 1))))
    }
    #expect(hashes == Self.maps10)
    let epochs = MapFiles(request(.epochs(1)), data, name: "train_0")
    _ = try epochs.prepare(.besideData)
    #expect(epochs.base == folder.file("t_train_0_indexmap_Nonens_4sl_1234s_packedpi_ac"))
    let text = try Data(contentsOf: URL(filePath: epochs.paths[0]))
    #expect(
      SHA256Oracle.hex(Array(text))
        == "230c6f15038d02c3484939f9e89788d47f189966aac36eea045f602f5fc4e23b")
    #expect(try folder.names.count == 2 + 8)
  }

  @Test("maps are used again until an input changes")
  func reuse() throws {
    let text = try Sample.t.dataset(folder, "t")
    let labels = try Sample.tLabels.dataset(folder, "l")
    let wanted = request(.samples(6), packing: .unpacked)
    func prepare(_ data: OrderData) throws -> ([Int], MapOrigin) {
      let (maps, origin) = try MapFiles(wanted, data, name: "train_0").prepare(.besideData)
      return (maps.documentIndices.numbers, origin)
    }
    let data = OrderData(text: text, labels: labels)
    let first = try prepare(data)
    #expect(first.0 == [0, 1, 3, 4, 0, 1, 3] && first.1 == .written)
    #expect(try prepare(data) == (first.0, .reused))
    // Other labels of the same shape: GPT-NeoX would go on with the old maps.
    var other = Sample.tLabels
    other.sequences[2][1] = 31
    let changed = OrderData(text: text, labels: try other.dataset(folder, "l"))
    #expect(try prepare(changed) == ([0, 1, 2, 3, 4, 0, 1], .rebuilt))
    #expect(try prepare(changed).1 == .reused)
    // Without labels the same names mean other maps.
    #expect(try prepare(OrderData(text: text)).1 == .rebuilt)
    // Other text.
    var shorter = Sample.t
    shorter.sequences[0].removeLast()
    #expect(try prepare(OrderData(text: shorter.dataset(folder, "t"))).1 == .rebuilt)
  }

  @Test("every input changes the key, and what changes nothing keeps it")
  func inputs() throws {
    func data(
      _ change: (inout Sample, inout Sample, inout Sample, inout Sample) -> Void = { _, _, _, _ in }
    ) throws -> OrderData {
      var (text, labels) = (Sample.t, Sample.tLabels)
      var (negative, negativeLabels) = (Sample.tNegative, Sample.tNegative.masked(period: 9))
      change(&text, &labels, &negative, &negativeLabels)
      return OrderData(
        text: try text.dataset(folder, "t"), labels: try labels.dataset(folder, "l"),
        negative: try negative.dataset(folder, "n"),
        negativeLabels: try negativeLabels.dataset(folder, "m"))
    }
    // Requests whose files have the same names, and pairs, whose names tell the least.
    var wanted = request(.samples(4), packing: .unpacked)
    func origin(_ data: OrderData, _ request: OrderRequest) throws -> MapOrigin {
      try MapFiles(request, data, name: "train_0").prepare(.besideData).origin
    }
    var good = try data()
    #expect(try origin(good, wanted) == .written && origin(good, wanted) == .reused)
    func expectRebuilt(_ data: OrderData, _ request: OrderRequest, _ what: String) throws {
      #expect(try origin(data, request) == .rebuilt, "\(what)")
      #expect(try origin(data, request) == .reused, "\(what)")
    }
    try expectRebuilt(data { text, _, _, _ in text.sequences[1].append(5) }, wanted, "text")
    try expectRebuilt(data { _, labels, _, _ in labels.sequences[0][0] = 7 }, wanted, "labels")
    try expectRebuilt(data { _, _, other, _ in other.sequences[2].append(5) }, wanted, "negative")
    try expectRebuilt(data { _, _, _, other in other.sequences[4][1] = 3 }, wanted, "their labels")
    good = try data()
    try expectRebuilt(good, wanted, "as at first")
    wanted.documents = 1..<5
    try expectRebuilt(good, wanted, "documents")
    wanted.neoxQuirks = true
    try expectRebuilt(good, wanted, "quirks")
    wanted.allowsChopping = false
    try expectRebuilt(good, wanted, "chopping")
    good.negativeLabels = nil
    try expectRebuilt(good, wanted, "no labels of the rejected answers")
    good.labels = nil
    try expectRebuilt(good, wanted, "no labels")
    // What decides nothing: the ids of the text.
    var other = Sample.t
    other.sequences[0][0] = 99
    good.text = try other.dataset(folder, "t")
    #expect(try origin(good, wanted) == .reused)
    // These are in the name.
    wanted.seed = 5
    #expect(try origin(good, wanted) == .written)
    wanted.sequenceLength = 5
    #expect(try origin(good, wanted) == .written)
    wanted.length = .samples(5)
    #expect(try origin(good, wanted) == .written)
    wanted.packing = .packUntilOverflow
    wanted.allowsChopping = true
    #expect(try origin(good, wanted) == .written)
  }

  @Test("documents that are left out are counted, and the count is kept with the maps")
  func leftOut() throws {
    let data = OrderData(
      text: try Sample.t.dataset(folder, "t"), labels: try Sample.tLabels.dataset(folder, "l"))
    func counts(
      _ samples: Int, _ packing: Packing, chopping: Bool = true, storage: MapStorage = .besideData
    ) throws -> [Int] {
      var wanted = request(.samples(samples), packing: packing)
      wanted.allowsChopping = chopping
      let found = try MapFiles(wanted, data, name: "train").prepare(storage).maps.leftOut
      return [found.total, found.examined, found.masked, found.unfit]
    }
    // Document 2 has no label; 2 and 4 are longer than five tokens.
    for packing in [Packing.unpacked, .packUntilOverflow] {
      for storage in [MapStorage.memory, .besideData, .besideData] {
        #expect(try counts(9, packing, storage: storage) == [5, 5, 1, 0])
        #expect(try counts(9, packing, chopping: false, storage: storage) == [5, 5, 0, 2])
      }
    }
    // Two samples, and the document behind them: no more is looked at.
    #expect(try counts(2, .unpacked) == [5, 4, 1, 0])
    #expect(try counts(2, .unpacked) == [5, 4, 1, 0])
    #expect(try counts(9, .packed) == [0, 0, 0, 0])
  }

  @Test("damaged or half-written maps are made again")
  func damage() throws {
    let data = OrderData(text: try Sample.t.dataset(folder, "t"))
    let files = MapFiles(request(.samples(10)), data, name: "train")
    let expected = try files.prepare(.besideData).maps
    for path in files.paths {
      let name = String(path.dropFirst(folder.path.count + 1))
      let bytes = try folder.read(name)
      for bad in [Array(bytes.dropLast()), [], Array(bytes.reversed())] {
        try folder.write(name, bad)
        let (maps, origin) = try files.prepare(.besideData)
        #expect(origin == .rebuilt)
        #expect(maps.sampleIndices.numbers == expected.sampleIndices.numbers)
      }
      try FileManager.default.removeItem(atPath: path)
      #expect(try files.prepare(.besideData).origin == .rebuilt)
    }
  }

  @Test("a map that was changed or copied after its key is read through, whatever its numbers are")
  func changed() throws {
    let data = OrderData(text: try Sample.t.dataset(folder, "t"))
    let files = MapFiles(request(.samples(10)), data, name: "train")
    let expected = try files.prepare(.besideData).maps.shuffleIndices.numbers
    let path = files.paths[2]
    let name = String(path.dropFirst(folder.path.count + 1))
    let later = Date(timeIntervalSinceNow: 3600)
    try FileManager.default.setAttributes([.modificationDate: later], ofItemAtPath: path)
    #expect(try files.prepare(.besideData).origin == .reused)
    // Two numbers change places: nothing about them is impossible.
    var bytes = try folder.read(name)
    let count = bytes.count
    for byte in 0..<4 { bytes.swapAt(count - 8 + byte, count - 4 + byte) }
    try folder.write(name, bytes)
    // An old time tells as much as a new one.
    let earlier = Date(timeIntervalSinceNow: -3600)
    try FileManager.default.setAttributes([.modificationDate: earlier], ofItemAtPath: path)
    let (maps, origin) = try files.prepare(.besideData)
    #expect(origin == .rebuilt && maps.shuffleIndices.numbers == expected)
  }

  @Test("times of maps that were read through are noted, and those maps taken as they are again")
  func notedTimes() throws {
    let data = OrderData(text: try Sample.t.dataset(folder, "t"))
    let files = MapFiles(request(.samples(10)), data, name: "train")
    _ = try files.prepare(.files)
    let key = String(files.paths[3].dropFirst(folder.path.count + 1))
    let before = try folder.read(key)
    let time = Date(timeIntervalSinceNow: -3600)
    try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: files.paths[2])
    #expect(try files.prepare(.besideData).origin == .reused)
    #expect(try folder.read(key) == before)
    #expect(try files.prepare(.files, readsAll: true).origin == .reused)
    let noted = try folder.read(key)
    #expect(noted != before)
    #expect(try files.prepare(.files, readsAll: true).origin == .reused)
    #expect(try folder.read(key) == noted)
    #expect(try folder.names.count == 2 + 4)
  }

  @Test("a wish to stop while whole maps are read through leaves them as they are")
  func interruptedReading() throws {
    let data = OrderData(text: try Sample.t.dataset(folder, "t"))
    let files = MapFiles(request(.samples(10)), data, name: "train")
    _ = try files.prepare(.files)
    let before = try files.paths.map {
      try folder.read(String($0.dropFirst(folder.path.count + 1)))
    }
    let interruption = Interruption()
    interruption.raise()
    #expect(throws: IndexedDataError.interrupted) {
      try files.prepare(.files, readsAll: true, interruption: interruption)
    }
    let after = try files.paths.map { try folder.read(String($0.dropFirst(folder.path.count + 1))) }
    #expect(after == before)
  }

  @Test(
    "maps of many blocks are those in memory, and their hashes those of the files",
    arguments: [Packing.packed, .packUntilOverflow, .unpacked])
  func manyBlocks(packing: Packing) throws {
    let data = OrderData(text: try Sample.a.dataset(folder, "a"))
    let wanted = OrderRequest(
      documents: 0..<1000, length: .samples(600_000), sequenceLength: 60, packing: packing)
    let files = MapFiles(wanted, data, name: "train")
    let (stored, origin) = try files.prepare(.besideData)
    #expect(origin == .written)
    let expected = try SampleMaps(wanted, data)
    #expect(stored.documentIndices.bytes == expected.documentIndices.bytes)
    #expect(stored.sampleIndices.bytes == expected.sampleIndices.bytes)
    #expect(stored.shuffleIndices.bytes == expected.shuffleIndices.bytes)
    #expect(try files.prepare(.besideData, readsAll: true).origin == .reused)
    #expect(try folder.names.count == 2 + 4)
  }

  @Test("a wish to stop ends the making of maps, and leaves nothing", arguments: Packing.allCases)
  func interrupted(packing: Packing) throws {
    let data = OrderData(text: try Sample.a.dataset(folder, "a"))
    let wanted = OrderRequest(
      documents: 0..<1000, length: .samples(2000), sequenceLength: 60, packing: packing)
    let files = MapFiles(wanted, data, name: "train")
    let interruption = Interruption()
    interruption.raise()
    #expect(throws: IndexedDataError.interrupted) {
      _ = try files.prepare(.besideData, interruption: interruption)
    }
    #expect(try folder.names == ["a.bin", "a.idx"])
    interruption.clear()
    #expect(try files.prepare(.besideData, interruption: interruption).origin == .written)
  }

  @Test("who waits for another's maps can be stopped too")
  func interruptedWait() throws {
    let data = OrderData(text: try Sample.t.dataset(folder, "t"))
    let files = MapFiles(request(.samples(10)), data, name: "train")
    let other = try FileLock(path: files.base + "_lock")
    let interruption = Interruption()
    interruption.raise()
    #expect(throws: IndexedDataError.interrupted) {
      _ = try files.prepare(.besideData, interruption: interruption)
    }
    #expect(DurableFile.exists(files.base + "_lock"), "it belongs to the other one")
    other.extend()
  }

  @Test("of runs that begin together one makes the maps, and the others take them up")
  func race() throws {
    let data = OrderData(text: try Sample.a.dataset(folder, "a"))
    let wanted = OrderRequest(documents: 0..<1000, length: .samples(2000), sequenceLength: 60)
    let files = MapFiles(wanted, data, name: "train")
    let expected = try SampleMaps(wanted, data).shuffleIndices.numbers
    let origins = Monitor<[MapOrigin]>([])
    try WorkerPool.forEach(count: 8, workers: 8) { (_) throws(IndexedDataError) in
      let (maps, origin) = try files.prepare(.besideData)
      #expect(maps.shuffleIndices.numbers == expected)
      origins.withLock { $0.append(origin) }
    }
    #expect(origins.withLock { $0.count { $0 == .written } } == 1)
    #expect(origins.withLock { $0.count { $0 == .reused } } == 7)
    #expect(try files.prepare(.besideData).origin == .reused)
    #expect(try folder.names.count == 2 + 4)
  }

  @Test("numbers that cannot be are an error when they are met")
  func impossibleNumbers() throws {
    let text = try Sample.t.dataset(folder, "t")
    let wanted = request(.samples(10))
    let good = try SampleMaps(wanted, OrderData(text: text))
    for bad in [Int64.max, .min, -1, 11] {
      var maps = good
      maps.shuffleIndices = .int64(good.shuffleIndices.numbers.map { _ in bad })
      let order = NeoxOrder(maps, wanted, prefix: "t")
      #expect(throws: IndexedDataError.self) { try order.pieces(0) }
      maps = good
      maps.documentIndices = .int64(good.documentIndices.numbers.map { _ in bad })
      #expect(throws: IndexedDataError.self) {
        try NeoxOrder(maps, wanted, prefix: "t").pieces(0)
      }
    }
  }

  @Test("maps stay in memory where nothing can be written, or nobody wants files")
  func memory() throws {
    let data = OrderData(text: try Sample.t.dataset(folder, "t"))
    let files = MapFiles(request(.samples(10)), data, name: "train")
    #expect(try files.prepare(.memory).origin == .memory(reason: nil))
    #expect(try folder.names == ["t.bin", "t.idx"])
    // A folder in the way stands for a folder that cannot be written: tests may run as root.
    try FileManager.default.createDirectory(
      atPath: files.base + "_lock", withIntermediateDirectories: false)
    let (maps, origin) = try files.prepare(.besideData)
    #expect(maps.shuffleIndices.count == 11)
    guard case .memory(reason: .some) = origin else {
      Issue.record("expected maps in memory, found \(origin)")
      return
    }
  }
}
