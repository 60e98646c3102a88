internal import Glibc
package import Machine

/// Whether index maps are kept for the next run.
package enum MapStorage: Sendable {
  /// Under GPT-NeoX's names, beside the data; in memory where nothing can be written.
  case besideData
  /// Under those names, or the work fails.
  case files
  /// In memory only.
  case memory
}

/// Where maps came from.
package enum MapOrigin: Equatable, Sendable {
  /// From files of an earlier run.
  case reused
  /// They were made and written.
  case written
  /// They were made and written in place of others, which did not fit the data or the options, were
  /// damaged, or had no file that says what they were made from.
  case rebuilt
  /// They were made and not written; the reason, unless nobody wanted them written.
  case memory(reason: String?)
}

/// The files of index maps: GPT-NeoX's three, and one that says what they were made from.
///
/// GPT-NeoX finds its maps by name alone and so takes old ones when the data have changed. The
/// fourth file holds a key of all inputs; without it, or with another key, maps are made again.
package struct MapFiles: Sendable {
  /// The common part of the paths.
  package let base: String
  private let request: OrderRequest
  private let data: OrderData

  /// Names the maps of a dataset; `name` is `train`, `valid` or `test`, followed by `_` and the
  /// dataset's place when a list of datasets was given.
  package init(_ request: OrderRequest, _ data: OrderData, name: String) {
    self.request = request
    self.data = data
    var samples = "None"
    if case .samples(let count) = request.length { samples = "\(count)" }
    // GPT-NeoX leaves the mark out for pairs.
    let mark = request.allowsChopping && data.negative == nil ? "_ac" : ""
    base =
      "\(data.text.prefix)_\(name)_indexmap_\(samples)ns_\(request.sequenceLength)sl"
      + "_\(request.seed)s_\(request.packing.rawValue)pi\(mark)"
  }

  /// The three maps and the file with their key, in this order.
  package var paths: [String] {
    ["doc_idx.npy", "sample_idx.npy", "shuffle_idx.npy", "key.json"].map { "\(base)_\($0)" }
  }

  /// Takes up stored maps when they fit, else makes and stores them.
  ///
  /// Of several processes one makes them; the others wait and take them up. Stored maps are read through
  /// with `readsAll`, and where the time of one is not that noted in the key; they fit only where all
  /// their bytes are those that were written. With `readsAll` new times are noted then.
  ///
  /// - Throws: `interrupted` once `interruption` is raised: unfinished files are gone then.
  package func prepare(
    _ storage: MapStorage, readsAll: Bool = false, interruption: Interruption? = nil
  ) throws(IndexedDataError) -> (maps: SampleMaps, origin: MapOrigin) {
    guard storage != .memory else {
      return (try SampleMaps(request, data), .memory(reason: nil))
    }
    let key = try contentKey()
    let trust = readsAll ? Trust.nothing : .unchanged
    if let maps = stored(key, trust, interruption) {
      if readsAll { noteTimes(key) }
      return (maps, .reused)
    }
    try endWhereRaised(interruption)
    do throws(IndexedDataError) {
      return try makeStored(key, trust, interruption)
    } catch .system(let error) {
      guard storage == .besideData else {
        throw .unsuitable(path: base, reason: "index maps cannot be written: \(error)")
      }
      // Whatever could not be written or read: what can be read is enough here.
      return (try SampleMaps(request, data), .memory(reason: error.description))
    }
  }

  private func makeStored(
    _ key: String, _ trust: Trust, _ interruption: Interruption?
  ) throws(IndexedDataError) -> (maps: SampleMaps, origin: MapOrigin) {
    let lock = try lock(lockPath, interruption)
    defer {
      for path in paths { try? DurableFile.remove(path + ".new") }
      try? DurableFile.remove(lockPath)
      lock.extend()
    }
    try endWhereRaised(interruption)
    // Another process may have made them by now.
    if let maps = stored(key, trust, interruption) { return (maps, .reused) }
    // Raised meanwhile, it kept them from being read through: they may well fit.
    try endWhereRaised(interruption)
    let isStale = paths.contains(where: DurableFile.exists)
    try write(key, interruption)
    // The files' pages can be given back to the system; arrays cannot.
    guard let maps = stored(key, .all, interruption) else {
      // What keeps them from being opened is told, where it is that.
      for path in paths.prefix(3) { _ = try NumPyFile(path: path) }
      throw .system(SystemError(call: "read", path: paths[3], code: EIO))
    }
    return (maps, isStale ? .rebuilt : .written)
  }

  private var lockPath: String { base + "_lock" }

  /// Notes the times of maps that were read through and found whole, unless somebody works on them.
  private func noteTimes(_ key: String) {
    guard let lock = try? FileLock(path: lockPath) else { return }
    defer {
      try? DurableFile.remove(lockPath)
      lock.extend()
    }
    guard let bytes = try? Self.bytes(paths[3], limit: 4096), let noted = Noted(bytes),
      let times = try? times(), times != noted.times,
      bytes == keyFile(key, noted)
    else { return }
    var now = noted
    now.times = times
    // It only saves reading them again.
    try? DurableFile.replace(paths[3], with: keyFile(key, now))
  }

  /// When each map was last written.
  private func times() throws(SystemError) -> [Int64] {
    var times: [Int64] = []
    for path in paths.prefix(3) { times.append(try InputFile(path: path).modifiedNanoseconds) }
    return times
  }

  /// Waits for the claim on the maps.
  private func lock(
    _ path: String, _ interruption: Interruption?
  ) throws(IndexedDataError) -> FileLock {
    do throws(SystemError) {
      return try FileLock(path: path, waits: true, until: interruption)
    } catch {
      try endWhereRaised(interruption)
      throw .system(error)
    }
  }

  private func contentKey() throws(IndexedDataError) -> String {
    var key = ContentKey()
    key.add(request.keyText)
    for dataset in [data.text, data.negative].compactMap({ $0 }) {
      try key.add(file: dataset.indexPath)
    }
    // Labels decide which documents are left out; packed data leave none out.
    guard request.packing != .packed else { return key.text }
    for (name, labels) in [("labels", data.labels), ("negative labels", data.negativeLabels)] {
      guard let labels else { continue }
      key.add(name)
      try key.add(file: labels.indexPath)
      try key.add(file: labels.elementsPath)
    }
    return key.text
  }

  /// What the key file tells of the maps themselves.
  private struct Noted: Equatable {
    var byteCounts: [Int]
    var hashes: [String]
    /// When each was last written, in nanoseconds since 1970.
    var times: [Int64]
    var leftOut: LeftOutDocuments

    init(byteCounts: [Int], hashes: [String], times: [Int64], leftOut: LeftOutDocuments) {
      self.byteCounts = byteCounts
      self.hashes = hashes
      self.times = times
      self.leftOut = leftOut
    }

    /// Reads a key file; `nil` where something is missing.
    init?(_ bytes: [UInt8]) {
      let text = String(decoding: bytes, as: UTF8.self)
      func value(_ name: String) -> Substring? {
        text.firstRange(of: "\"\(name)\": ").map { text[$0.upperBound...] }
      }
      func number(_ name: String) -> Int? {
        value(name).flatMap { Int($0.prefix { $0 == "-" || $0.isNumber }) }
      }
      byteCounts = MapFiles.mapNames.compactMap { number("\($0)_bytes") }
      times = MapFiles.mapNames.compactMap { number("\($0)_modified").map(Int64.init) }
      hashes = MapFiles.mapNames.compactMap {
        value("\($0)_xxh64").map { String($0.dropFirst().prefix { $0 != "\"" }) }
      }
      leftOut = LeftOutDocuments()
      guard byteCounts.count == 3, times.count == 3, hashes.count == 3 else { return nil }
      for (name, path) in MapFiles.counts {
        guard let count = number(name) else { return nil }
        leftOut[keyPath: path] = count
      }
    }
  }

  private func keyFile(_ key: String, _ noted: Noted) -> [UInt8] {
    JSONText.object(
      [.init("format", "neox-swift index maps 4"), .init("content_key", .string(key))]
        + Self.mapNames.enumerated().flatMap { place, name -> [JSONText.Member] in
          [
            .init("\(name)_bytes", JSONText(noted.byteCounts[place])),
            .init("\(name)_xxh64", .string(noted.hashes[place])),
            .init("\(name)_modified", JSONText(Int(noted.times[place]))),
          ]
        }
        + Self.counts.map { .init($0.name, JSONText(noted.leftOut[keyPath: $0.path])) }
    ).bytes(.pretty) + [0x0A]
  }

  /// What the key file tells of documents that were left out: found when maps are made, which reads
  /// the labels.
  private static var counts: [(name: String, path: WritableKeyPath<LeftOutDocuments, Int>)] {
    [
      ("documents", \.total), ("examined_documents", \.examined),
      ("documents_without_label", \.masked), ("documents_of_unfit_length", \.unfit),
    ]
  }

  private static let mapNames = ["doc_idx", "sample_idx", "shuffle_idx"]

  /// Which stored maps are taken as they are; all others are read through.
  private enum Trust {
    case nothing
    /// Those that have the times noted in their key.
    case unchanged
    case all
  }

  // Whatever is missing or odd about stored maps, making them again is the remedy.
  private func stored(
    _ key: String, _ trust: Trust, _ interruption: Interruption?
  ) -> SampleMaps? {
    guard let keyBytes = try? Self.bytes(paths[3], limit: 4096), let noted = Noted(keyBytes),
      keyBytes == keyFile(key, noted),
      let documents = try? NumPyFile(path: paths[0]),
      let samples = try? NumPyFile(path: paths[1]),
      let shuffle = try? NumPyFile(path: paths[2]),
      noted.byteCounts == [documents, samples, shuffle].map(\.byteCount),
      samples.header.shape.count == 2, samples.header.shape[1] == 2,
      samples.header.shape[0] == shuffle.count + 1,
      // Who writes others takes the key away first: as long as it stands, the three belong together.
      keyBytes == (try? Self.bytes(paths[3], limit: 4096))
    else { return nil }
    let isTrusted =
      switch trust {
      case .nothing: false
      case .unchanged: noted.times == [documents, samples, shuffle].map(\.modifiedNanoseconds)
      case .all: true
      }
    guard isTrusted || (try? Self.hashes(of: paths, interruption)) == noted.hashes else {
      return nil
    }
    return SampleMaps(
      documentIndices: .file(documents), sampleIndices: .file(samples),
      shuffleIndices: .file(shuffle), leftOut: noted.leftOut)
  }

  private static func bytes(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
    let buffer = try InputFile(path: path).readAll(limit: limit)
    return unsafe buffer.bytes.withUnsafeBytes { unsafe Array($0) }
  }

  private func write(
    _ key: String, _ interruption: Interruption?
  ) throws(IndexedDataError) {
    try asking { () throws(SystemError) in try DurableFile.remove(paths[3]) }
    let (files, leftOut) = try SampleMaps.write(request, data, to: paths, interruption)
    try asking { () throws(SystemError) in
      let noted = Noted(
        byteCounts: files.map(\.byteCount), hashes: files.map { ContentHash.text($0.hash) },
        times: try times(), leftOut: leftOut)
      try DurableFile.replace(paths[3], with: keyFile(key, noted))
    }
  }

  /// Hashes of the three maps as they are.
  private static func hashes(
    of paths: [String], _ interruption: Interruption?
  ) throws(IndexedDataError) -> [String] {
    var hashes: [String] = []
    for path in paths.prefix(3) {
      let file = try FileBytes(path: path, mode: .pread)
      let hash = try file.hash(first: file.byteCount, interruption: interruption)
      hashes.append(ContentHash.text(hash))
    }
    return hashes
  }
}
