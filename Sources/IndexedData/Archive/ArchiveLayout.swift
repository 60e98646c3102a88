internal import Machine

// An archive of a dataset; all numbers are little-endian.
//
//   header         0  8  "NEOXPACK"
//                  8  4  version, 1
//                 12  4  the most bytes of a block before compression
//   payloads      16  …  those of all blocks, one behind the other
//   contents       0  2  bytes of the dataset's name, UTF-8; all contents have at most 16 MiB
//                  2  …  the name
//                     4  members, then of each:
//                     2  bytes of the part of the dataset's name that is taken off its end
//                     …  the part
//                     2  bytes of what is put there to get the member's name
//                     …  what is put there
//                     8  bytes of the member
//                     8  XXH64 of the member
//                     8  blocks of the member
//   table, a block 0  4  bytes of the payload
//                  4  4  bytes of the block before compression
//                  8  1  codec: 0 none, 1 a zstd frame, 2 an LZ4 block
//                  9  1  filter: 0 none, 1 planes, 2 differences in planes; see BlockFilter
//                 10  1  bytes of the filter's numbers: 0 without a filter, else 2, 4 or 8
//                 11  1  0
//                 12  8  XXH64 of the block before filter and compression
//   footer         0  8  where the contents begin in the file
//                  8  8  bytes of the contents
//                 16  8  blocks
//                 24  8  XXH64 of header, contents and table
//                 32  8  XXH64 of bytes 0–31 of the footer
//                 40  8  "NEOXPEND"
//
// Blocks stand in the order of members, and of their bytes: places follow from lengths, so there is
// nothing in the file that could overlap or be left out.

/// The fixed parts of an archive.
enum ArchiveLayout {
  static let magic = Array("NEOXPACK".utf8)
  static let endMagic = Array("NEOXPEND".utf8)
  static let version: UInt32 = 1
  static let headerByteCount = 16
  static let entryByteCount = 20
  static let footerByteCount = 48
  /// A member's record without its two texts.
  static let leastMemberByteCount = 28
  /// What the contents may take, by the format: room for 20,000 members.
  static let contentsLimit = 16 << 20
  /// What a block may take in memory, by the format.
  static let blockLimit = 64 << 20

  /// The header of an archive with blocks of at most `blockByteCount` bytes.
  static func header(blockByteCount: Int) -> [UInt8] {
    var bytes = LittleEndianBytes(magic)
    bytes.append(version)
    bytes.append(UInt32(blockByteCount))
    return bytes.bytes
  }

  /// Contents, table and footer of an archive, whose payloads end at `offset`.
  static func ending(
    _ datasetName: String, _ members: [ArchiveMember], _ blocks: [ArchiveBlock], at offset: Int,
    header: [UInt8]
  ) -> [UInt8] {
    var contents = LittleEndianBytes()
    contents.append(text: datasetName)
    contents.append(UInt32(members.count))
    for member in members {
      contents.append(text: member.name.replaced)
      contents.append(text: member.name.ending)
      contents.append(UInt64(member.byteCount))
      contents.append(member.hash)
      contents.append(UInt64(member.blocks.count))
    }
    let contentsCount = contents.bytes.count
    for block in blocks { block.append(to: &contents) }
    var hash = ContentHash()
    unsafe hash.update(header.span.bytes)
    unsafe hash.update(contents.bytes.span.bytes)
    var footer = LittleEndianBytes()
    footer.append(UInt64(offset))
    footer.append(UInt64(contentsCount))
    footer.append(UInt64(blocks.count))
    footer.append(hash.value)
    footer.appendHash()
    return contents.bytes + footer.bytes + endMagic
  }
}

/// A file in an archive.
package struct ArchiveMember: Sendable, Equatable {
  /// Its name, by that of the dataset.
  package let name: MemberName
  /// Its bytes.
  package let byteCount: Int
  /// Their XXH64.
  package let hash: UInt64
  /// Its blocks among those of the archive.
  package let blocks: Range<Int>
}

/// A block of a member.
struct ArchiveBlock: Sendable, Equatable {
  /// Where the payload begins in the archive.
  var payloadOffset: Int
  var payloadByteCount: Int32
  /// Where the block begins in its member.
  var offset: Int
  /// Bytes before compression.
  var byteCount: Int32
  var codec: ArchiveCodec
  var filter: BlockFilter
  /// XXH64 before filter and compression.
  var hash: UInt64

  /// Where the payload ends in the archive.
  var payloadEnd: Int { payloadOffset + Int(payloadByteCount) }
  /// Where the block lies in its member.
  var range: Range<Int> { offset..<offset + Int(byteCount) }

  func append(to bytes: inout LittleEndianBytes) {
    bytes.append(UInt32(payloadByteCount))
    bytes.append(UInt32(byteCount))
    bytes.append(codec.rawValue)
    bytes.append(filter.code)
    bytes.append(UInt8(filter.width))
    bytes.append(UInt8(0))
    bytes.append(hash)
  }
}

extension LittleEndianBytes {
  /// Appends a text behind the number of its bytes.
  ///
  /// - Precondition: it has less than 2¹⁶ bytes.
  fileprivate mutating func append(text: String) {
    append(UInt16(text.utf8.count))
    for byte in text.utf8 { append(byte) }
  }
}
