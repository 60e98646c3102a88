import Glibc
import Machine

/// A record as it stands in an input.
package struct OriginalRecord: Equatable, Sendable {
  /// Its first bytes.
  package var bytes: [UInt8]
  /// Whether there is more of it.
  package var isCut: Bool
}

/// Finds records in one input again, by the places that were noted when it was read.
///
/// Plain files of lines are read at the place; all others are read from their start, through the
/// same readers as before, and on from one record to the next as long as they come in order.
package struct OriginalRecords: ~Copyable {
  private let entry: InputList.Entry
  private let options: ReadingOptions
  private let limit: Int
  private var walker: LeafWalker?
  private var leaf: LeafWalker.Leaf?
  private var window: Window?

  /// Opens an input.
  ///
  /// - Parameters:
  ///   - path: the input.
  ///   - format: the value of `--input-format` that it was read with.
  ///   - limit: bytes of a record that are kept.
  /// - Throws: ``PreprocessError`` where it cannot be read.
  package init(_ path: String, format: InputFormat, limit: Int) throws(PreprocessError) {
    let inputs = try InputList([path], format: format)
    guard inputs.entries.count == 1, let entry = inputs.entries.first, entry.isFile else {
      throw .missingInput(path)
    }
    self.entry = entry
    self.limit = limit
    var options = ReadingOptions(safeCut: { _ in 0 })
    options.format = format
    self.options = options
  }

  /// The record that begins at a byte of a stream, without its line end.
  ///
  /// - Throws: ``PreprocessError``; ``PreprocessError/noRecord(_:)`` where the input ends before.
  package mutating func record(
    stream: Int, byte: Int
  ) throws(PreprocessError) -> OriginalRecord {
    if entry.isDivisible {
      return Self.withoutReturn(try line(at: byte), entry.plainFormat)
    }
    guard let format = try go(to: stream, byte) else {
      throw .noRecord("\(entry.path) has fewer members than it had")
    }
    switch format {
    case .jsonLines, .textLines:
      return Self.withoutReturn(try take { bytes in bytes.firstIndex(of: 0x0A) }, format)
    case .jsonArray:
      return try take { bytes in
        var splitter = ArraySplitter(at: .element)
        var index = 0
        let all = bytes.span
        while true {
          switch splitter.next(all, &index) {
          case .begin: continue
          case .end(let end): return end
          case .none, .broken: return nil
          }
        }
      }
    case .sizedRecords:
      guard let length = try sizedLength() else {
        throw .noRecord("\(entry.path) has no record at byte \(byte)")
      }
      window?.drop(Self.sizeDigits)
      return try take { bytes in bytes.count >= length ? length : nil }
    case .text:
      return try take { _ in nil }
    }
  }

  /// A line of JSON without the first half of CRLF, which is a blank there; a line of text has it.
  private static func withoutReturn(
    _ record: OriginalRecord, _ format: StreamFormat?
  ) -> OriginalRecord {
    guard format == .jsonLines, !record.isCut, record.bytes.last == 0x0D else { return record }
    return OriginalRecord(bytes: record.bytes.dropLast(), isCut: false)
  }

  // MARK: - Plain files

  private func line(at byte: Int) throws(PreprocessError) -> OriginalRecord {
    let file = try OpenFile(entry.path)
    guard byte < entry.byteCount else {
      throw .noRecord("\(entry.path) ends before byte \(byte)")
    }
    let range = byte..<min(byte + limit + 1, entry.byteCount)
    var bytes = [UInt8](repeating: 0, count: range.count)
    try file.read(range, into: &bytes)
    if let end = bytes.firstIndex(of: 0x0A) {
      return OriginalRecord(bytes: Array(bytes[..<end]), isCut: false)
    }
    return OriginalRecord(bytes: Array(bytes.prefix(limit)), isCut: bytes.count > limit)
  }

  // MARK: - Streams

  private static var sizeDigits: Int { 16 }

  /// Goes to a place, from the start where it lies behind; returns how documents lie there.
  private mutating func go(
    to stream: Int, _ byte: Int
  ) throws(PreprocessError) -> StreamFormat? {
    let isAhead = leaf.map { $0.ordinal < stream } ?? false
    let isHere = leaf?.ordinal == stream && (window?.offset ?? .max) <= wanted(byte, leaf?.format)
    if !isAhead && !isHere {
      var walker = try LeafWalker(entry, pipe: nil, options: options)
      leaf = try walker.next()
      self.walker = walker
      window = leaf.map {
        Window($0.stream, offset: 0, pool: BlockPool(capacity: 1 << 16, keep: 1))
      }
    }
    while let current = leaf, current.ordinal < stream {
      leaf = try walker?.next()
      if let leaf { window?.restart(leaf.stream) }
    }
    guard let leaf, leaf.ordinal == stream, let offset = window?.offset else { return nil }
    let distance = wanted(byte, leaf.format) - offset
    guard distance >= 0, try window?.skip(distance) == distance else {
      throw .noRecord("\(leaf.name) ends before byte \(byte)")
    }
    return leaf.format
  }

  /// Where reading must begin for a record: at the digits before it, where it has such.
  private func wanted(_ byte: Int, _ format: StreamFormat?) -> Int {
    format == .sizedRecords ? byte - Self.sizeDigits : byte
  }

  private mutating func sizedLength() throws(PreprocessError) -> Int? {
    try window?.fill(to: Self.sizeDigits)
    guard let window, window.count >= Self.sizeDigits else { return nil }
    var length = 0
    for digit in window.bytes[..<Self.sizeDigits] {
      guard (0x30...0x39).contains(digit) else { return nil }
      length = length * 10 + Int(digit - 0x30)
    }
    return length
  }

  /// Reads up to where `end` finds the end in what was read, or the stream's end.
  private mutating func take(
    _ end: (ArraySlice<UInt8>) -> Int?
  ) throws(PreprocessError) -> OriginalRecord {
    var target = min(1 << 12, limit + 1)
    while true {
      try window?.fill(to: target)
      guard let window else { return OriginalRecord(bytes: [], isCut: false) }
      let seen = window.bytes[..<min(window.count, limit + 1)]
      let isAll = window.isAtEnd || window.count > limit
      if let found = end(seen) {
        return OriginalRecord(bytes: Array(seen[..<min(found, limit)]), isCut: found > limit)
      }
      if isAll {
        return OriginalRecord(bytes: Array(seen.prefix(limit)), isCut: seen.count > limit)
      }
      target = min(target * 4, limit + 1)
    }
  }
}
