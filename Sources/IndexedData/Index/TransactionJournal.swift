internal import Machine

/// What a transaction must know to go on after it was killed, as it stands in its journal file.
///
/// The file is `NEOXJRNL`, a version, the fields below in order, and the XXH64 of all that. Numbers
/// have 8 bytes; texts and bytes are preceded by their count.
struct TransactionJournal: Equatable, Sendable {
  /// One output of the transaction.
  struct Output: Equatable, Sendable {
    /// As a name in the journal's folder where it is in there, so that both can be moved together.
    var prefix: String
    var elementCode: UInt64
    var isCached: Bool
    var mark: DatasetSpool.Mark
    var documentStart: DatasetSpool.Mark
    /// Length and hash of the index; 0 before it was made.
    var indexByteCount = 0
    var indexHash: UInt64 = 0
  }

  /// One auxiliary file of the transaction.
  struct Auxiliary: Equatable, Sendable {
    /// As a name in the journal's folder where it is in there.
    var path: String
    var byteCount: Int
  }

  /// What the journal promises.
  enum Stage: UInt64, Sendable {
    /// Durable is what the marks tell of.
    case working
    /// All data is complete and durable, and files are getting their names.
    case finishing
    /// All data is complete; it was to become durable along with the journal, and is so where the
    /// hashes are right.
    case finishingUnproven
  }

  /// How far the work has come.
  var stage = Stage.working
  /// Whether all data is complete and files are getting their final names.
  var isFinishing: Bool { stage != .working }
  var identity: [UInt8]
  var position: [UInt8]
  var outputs: [Output]
  var auxiliaries: [Auxiliary]
  var manifestPath = ""
  var manifest: [UInt8] = []

  /// What every journal begins with.
  static let magic = Array("NEOXJRNL".utf8)
  private static let version: UInt64 = 3

  /// The journal as the bytes of its file.
  var bytes: [UInt8] {
    var writer = Writer()
    writer.bytes = Self.magic
    writer.append(Self.version)
    writer.append(stage.rawValue)
    writer.append(identity)
    writer.append(position)
    writer.append(UInt64(outputs.count))
    for output in outputs {
      writer.append(Array(output.prefix.utf8))
      writer.append(output.elementCode)
      writer.append(UInt64(output.isCached ? 1 : 0))
      writer.append(output.mark)
      writer.append(output.documentStart)
      writer.append(UInt64(output.indexByteCount))
      writer.append(output.indexHash)
    }
    writer.append(UInt64(auxiliaries.count))
    for auxiliary in auxiliaries {
      writer.append(Array(auxiliary.path.utf8))
      writer.append(UInt64(auxiliary.byteCount))
    }
    writer.append(Array(manifestPath.utf8))
    writer.append(manifest)
    writer.append(ContentHash.hash(unsafe writer.bytes.span.bytes))
    return writer.bytes
  }

  init(
    identity: [UInt8], position: [UInt8], outputs: [Output], auxiliaries: [Auxiliary]
  ) {
    self.identity = identity
    self.position = position
    self.outputs = outputs
    self.auxiliaries = auxiliaries
  }

  /// Reads a journal; `nil` when the bytes are not a whole one.
  init?(bytes: [UInt8]) {
    guard bytes.count >= 24, Array(bytes.prefix(8)) == Self.magic else { return nil }
    let body = unsafe bytes.span.bytes.extracting(first: bytes.count - 8)
    var reader = Reader(bytes: Array(bytes[8...]))
    let stated = unsafe bytes.span.bytes.loadNumber(at: bytes.count - 8, UInt64.self)
    guard ContentHash.hash(body) == stated, reader.number() == Self.version else { return nil }
    guard let stage = Stage(rawValue: reader.number()) else { return nil }
    self.stage = stage
    identity = reader.row()
    position = reader.row()
    outputs = []
    for _ in 0..<reader.count() {
      outputs.append(
        Output(
          prefix: reader.text(), elementCode: reader.number(), isCached: reader.number() == 1,
          mark: reader.mark(),
          documentStart: reader.mark(), indexByteCount: reader.count(),
          indexHash: reader.number()))
    }
    auxiliaries = []
    for _ in 0..<reader.count() {
      auxiliaries.append(Auxiliary(path: reader.text(), byteCount: reader.count()))
    }
    manifestPath = reader.text()
    manifest = reader.row()
    guard reader.isWhole else { return nil }
  }

  private struct Writer {
    var bytes: [UInt8] = []

    mutating func append(_ number: UInt64) {
      for shift in stride(from: 0, to: 64, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: number >> shift))
      }
    }

    mutating func append(_ row: [UInt8]) {
      append(UInt64(row.count))
      bytes += row
    }

    mutating func append(_ mark: DatasetSpool.Mark) {
      for count in [
        mark.byteCount, mark.sequenceCount, mark.documentCount, mark.openElementCount,
      ] {
        append(UInt64(count))
      }
      append(mark.hash)
    }
  }

  /// Reads fields in order; after a field that cannot be, ``isWhole`` stays false.
  private struct Reader {
    let bytes: [UInt8]
    private var place = 0
    private var isSound = true

    init(bytes: [UInt8]) {
      self.bytes = bytes
    }

    /// Whether everything but the closing hash was read and made sense.
    var isWhole: Bool { isSound && place == bytes.count - 8 }

    mutating func number() -> UInt64 {
      guard isSound, bytes.count - place >= 8 else {
        isSound = false
        return 0
      }
      defer { place += 8 }
      return unsafe bytes.span.bytes.loadNumber(at: place, UInt64.self)
    }

    mutating func count() -> Int {
      let value = number()
      if let count = Int(exactly: value) { return count }
      isSound = false
      return 0
    }

    mutating func row() -> [UInt8] {
      let count = count()
      guard isSound, count <= bytes.count - place else {
        isSound = false
        return []
      }
      defer { place += count }
      return Array(bytes[place..<(place + count)])
    }

    mutating func text() -> String { String(decoding: row(), as: UTF8.self) }

    mutating func mark() -> DatasetSpool.Mark {
      let mark = DatasetSpool.Mark(
        byteCount: count(), sequenceCount: count(), documentCount: count(),
        openElementCount: count(), hash: row())
      if ContentHash(saved: mark.hash) == nil { isSound = false }
      return mark
    }
  }
}
