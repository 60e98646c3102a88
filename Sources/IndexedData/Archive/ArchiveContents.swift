internal import Machine

/// The list of an archive's members.
struct ArchiveContents {
  let datasetName: String
  private(set) var members: [ArchiveMember] = []

  /// Reads the list.
  ///
  /// - Throws: `malformed` where a name could not be a file's, one occurs twice, or numbers of blocks do
  ///   not add up.
  init(_ file: FileBytes, _ frame: ArchiveFrame) throws(IndexedDataError) {
    var reader = ByteReader(
      try file.withBytes(at: frame.contentsOffset, count: frame.contentsByteCount) { bytes in
        (0..<bytes.byteCount).map { bytes.loadNumber(at: $0, UInt8.self) }
      })
    func malformed(_ what: String, _ expected: String, _ found: String) -> IndexedDataError {
      .malformed(
        path: file.path, byte: frame.contentsOffset + reader.place, what: what, expected: expected,
        found: found)
    }
    guard let name = reader.text(), MemberName.isDatasetName(name) else {
      throw malformed("name of the dataset", "a name without a slash", "something else")
    }
    datasetName = name
    guard let count = reader.number(UInt32.self),
      Int(count) <= reader.left / ArchiveLayout.leastMemberByteCount
    else {
      throw malformed(
        "number of members", "at most \(reader.left / ArchiveLayout.leastMemberByteCount)",
        "more")
    }
    var names: Set<String> = []
    var blockCount = 0
    for place in 0..<Int(count) {
      guard let replaced = reader.text(), let ending = reader.text(),
        let memberName = MemberName(replaced: replaced, ending: ending),
        let path = memberName.path(of: name), !path.hasPrefix("."), names.insert(path).inserted
      else {
        throw malformed(
          "name of member \(place)", "one that follows from the dataset's, and no other's",
          "something else")
      }
      guard let bytes = reader.number(UInt64.self), let hash = reader.number(UInt64.self),
        let blocks = reader.number(UInt64.self), bytes <= UInt64(Int.max >> 1),
        blocks <= UInt64(frame.blockCount - blockCount)
      else {
        throw malformed(
          "numbers of member \(place)", "at most \(frame.blockCount - blockCount) blocks", "more")
      }
      members.append(
        ArchiveMember(
          name: memberName, byteCount: Int(bytes), hash: hash,
          blocks: blockCount..<blockCount + Int(blocks)))
      blockCount += Int(blocks)
    }
    // A file is written under its name with .new before it gets its name.
    if let name = names.sorted().first(where: { names.contains($0 + ".new") }) {
      throw malformed("names of members", "no \(name).new beside \(name)", "both")
    }
    guard reader.left == 0, blockCount == frame.blockCount else {
      throw malformed(
        "end of the contents", "\(frame.blockCount) blocks and no more bytes",
        "\(blockCount) blocks and \(reader.left) bytes")
    }
  }
}

/// Reads numbers and texts one behind the other.
private struct ByteReader {
  private let bytes: [UInt8]
  private(set) var place = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var left: Int { bytes.count - place }

  /// The next number; `nil` where the bytes end.
  mutating func number<Value: FixedWidthInteger>(_: Value.Type) -> Value? {
    let width = Value.bitWidth / 8
    guard left >= width else { return nil }
    defer { place += width }
    return (0..<width).reduce(0) { $0 | Value(bytes[place + $1]) << Value(8 * $1) }
  }

  /// The next text behind the number of its bytes; `nil` where the bytes end, or are not UTF-8.
  mutating func text() -> String? {
    guard let count = number(UInt16.self), left >= Int(count) else { return nil }
    defer { place += Int(count) }
    return String(validating: bytes[place..<place + Int(count)], as: UTF8.self)
  }
}

/// The table of an archive's blocks.
enum ArchiveTable {
  /// Reads the table and derives where blocks lie.
  ///
  /// - Throws: `malformed` where an entry cannot be, or lengths do not add up.
  static func read(
    _ file: FileBytes, _ frame: ArchiveFrame, _ contents: ArchiveContents
  ) throws(IndexedDataError) -> [ArchiveBlock] {
    var blocks: [ArchiveBlock] = []
    blocks.reserveCapacity(frame.blockCount)
    var payloadOffset = ArchiveLayout.headerByteCount
    for member in contents.members {
      var offset = 0
      var place = member.blocks.lowerBound
      while place < member.blocks.upperBound {
        let step = min(1 << 16, member.blocks.upperBound - place)
        let start = frame.tableOffset + place * ArchiveLayout.entryByteCount
        try file.withBytes(at: start, count: step * ArchiveLayout.entryByteCount) {
          (bytes) throws(IndexedDataError) in
          for entry in 0..<step {
            let at = entry * ArchiveLayout.entryByteCount
            guard
              let block = block(
                bytes, at, frame, offset: offset, payloadOffset: payloadOffset,
                memberByteCount: member.byteCount)
            else {
              throw .malformed(
                path: file.path, byte: start + at, what: "entry of block \(place + entry)",
                expected: "lengths within bounds, a codec and a filter of version 1",
                found: "something else")
            }
            offset = block.range.upperBound
            payloadOffset += Int(block.payloadByteCount)
            blocks.append(block)
          }
        }
        place += step
      }
      guard offset == member.byteCount else {
        throw .malformed(
          path: file.path, byte: frame.contentsOffset,
          what: "bytes of \(member.name.path(of: contents.datasetName) ?? "")",
          expected: "\(offset), as its blocks have", found: "\(member.byteCount)")
      }
    }
    guard payloadOffset == frame.contentsOffset else {
      throw .malformed(
        path: file.path, byte: payloadOffset, what: "end of the last payload",
        expected: "\(frame.contentsOffset)", found: "\(payloadOffset)")
    }
    return blocks
  }

  /// An entry; `nil` where it cannot be.
  private static func block(
    _ bytes: RawSpan, _ at: Int, _ frame: ArchiveFrame, offset: Int, payloadOffset: Int,
    memberByteCount: Int
  ) -> ArchiveBlock? {
    let payload = Int(bytes.loadNumber(at: at, UInt32.self))
    let count = Int(bytes.loadNumber(at: at + 4, UInt32.self))
    guard count > 0, count <= frame.blockByteCount, count <= memberByteCount - offset,
      payload > 0, payload <= count, payload <= frame.contentsOffset - payloadOffset,
      let codec = ArchiveCodec(rawValue: bytes.loadNumber(at: at + 8, UInt8.self)),
      let filter = BlockFilter(
        code: bytes.loadNumber(at: at + 9, UInt8.self),
        width: bytes.loadNumber(at: at + 10, UInt8.self)),
      bytes.loadNumber(at: at + 11, UInt8.self) == 0, codec != .none || payload == count
    else { return nil }
    return ArchiveBlock(
      payloadOffset: payloadOffset, payloadByteCount: Int32(payload), offset: offset,
      byteCount: Int32(count), codec: codec, filter: filter,
      hash: bytes.loadNumber(at: at + 12, UInt64.self))
  }
}
