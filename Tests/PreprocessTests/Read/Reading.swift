import Preprocess

/// All that a source gives, put together in order.
struct Reading: Equatable {
  struct Document: Equatable {
    var texts: [String]
    var place: String
  }

  var documents: [Document] = []
  var faults: [String] = []
  var quarantined: [[UInt8]] = []
  var counts = ItemCounts()
  var itemCount = 0
  /// The position after each item.
  var positions: [SourcePosition] = []
  /// Documents that were whole after each item.
  var documentCounts: [Int] = []

  /// The texts of the first wanted member.
  var texts: [String] { documents.map { $0.texts[0] } }

  init() {}

  /// Reads everything with one thread.
  init(
    _ inputs: InputList, _ options: ReadingOptions, shard: Shard = .whole,
    from position: SourcePosition? = nil
  ) throws {
    var source = try DocumentSource(
      inputs, options: options, shard: shard, resumingAt: position)
    try read(&source, options, from: position)
  }

  init(_ paths: String..., options: ReadingOptions = .testing()) throws {
    try self.init(InputList(paths, format: options.format), options)
  }

  mutating func read(
    _ source: inout DocumentSource, _ options: ReadingOptions, from position: SourcePosition?
  ) throws {
    var reader = RecordReader(options)
    var ledger = LineLedger(startingAt: position)
    var open = [String](repeating: "", count: options.keys.count)
    while let item = try source.next() {
      itemCount += 1
      var pieces: [(Int, String, RecordPlace, DocumentPart)] = []
      var found: [Fault] = []
      let counted = try reader.forEachDocument(in: item) { view in
        let text = view.text.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        pieces.append((view.key, text, view.place, view.part))
      } onFault: {
        found.append($0)
      }
      for (key, text, place, part) in pieces {
        open[key] = part.isFirst ? text : open[key] + text
        if part.isLast && key == options.keys.count - 1 {
          documents.append(
            Document(texts: open, place: ledger.place(of: place, in: item.tag).description))
        }
      }
      for fault in found {
        faults.append("\(ledger.place(of: fault.place, in: item.tag)): \(fault.reason)")
        quarantined.append(try fault.record.allBytes())
      }
      counts.read += counted.read
      counts.empty += counted.empty
      counts.faults += counted.faults
      counts.lines += counted.lines
      positions.append(ledger.finish(item.tag, lines: counted.lines))
      documentCounts.append(documents.count)
    }
  }
}

extension RawRecord {
  func allBytes() throws -> [UInt8] {
    switch self {
    case .bytes(let bytes):
      return bytes
    case .extent(let file, let range):
      var bytes = [UInt8](repeating: 0, count: range.count)
      try file.read(range, into: &bytes)
      return bytes
    }
  }
}

extension ReadingOptions {
  /// Options whose items and limits are small, and which cut long texts before spaces.
  static func testing(
    keys: [String] = ["text"], itemBytes: Int = 1 << 16, recordLimit: Int = 1 << 20
  ) -> ReadingOptions {
    var options = ReadingOptions(keys: keys) { text in
      var index = text.byteCount
      while index > 0 {
        index -= 1
        if text.unsafeLoad(fromByteOffset: index, as: UInt8.self) == 0x20 { return index }
      }
      return 0
    }
    options.itemBytes = itemBytes
    options.textLimit = itemBytes
    options.recordLimit = recordLimit
    return options
  }
}
