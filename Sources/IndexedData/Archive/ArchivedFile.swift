internal import Machine
internal import Synchronization

/// A member of an archive as a file that can be read at any place.
///
/// The blocks that were looked at last stay decompressed.
final class ArchivedFile: Sendable {
  /// Blocks that are kept.
  private static let keptCount = 8

  let path: String
  private let archive: Archive
  private let member: ArchiveMember
  private let kept = Mutex<[Kept]>([])

  /// A decompressed block.
  private final class Kept: Sendable {
    let number: Int
    private let bytes: ByteBuffer

    init(_ number: Int, _ bytes: consuming ByteBuffer) {
      self.number = number
      self.bytes = bytes
    }

    var byteCount: Int { bytes.count }

    func withBytes<Outcome: ~Copyable>(
      _ body: (RawSpan) throws(IndexedDataError) -> Outcome
    ) throws(IndexedDataError) -> Outcome {
      try bytes.withBytes(body)
    }
  }

  /// A member of an archive.
  init(_ archive: Archive, _ member: ArchiveMember) {
    self.archive = archive
    self.member = member
    path = archive.path + "!" + archive.originalName(of: member)
  }

  var byteCount: Int { member.byteCount }

  /// Shows `count` bytes from `offset` on to `body`.
  ///
  /// - Precondition: they lie inside the member.
  /// - Throws: `malformed` where a block is damaged, and what `body` throws.
  func withBytes<Outcome: ~Copyable>(
    at offset: Int, count: Int, _ body: (RawSpan) throws(IndexedDataError) -> Outcome
  ) throws(IndexedDataError) -> Outcome {
    guard count > 0 else { return try body(RawSpan()) }
    var number = block(at: offset)
    let first = try block(number)
    let start = offset - archive.blocks[number].offset
    if count <= first.byteCount - start {
      return try first.withBytes { (bytes) throws(IndexedDataError) in
        try body(bytes.extracting(start..<start + count))
      }
    }
    var joined = ByteBuffer(capacity: count)
    try first.withBytes { joined.append($0.extracting(droppingFirst: start)) }
    while joined.count < count {
      number += 1
      try block(number).withBytes { bytes in
        joined.append(bytes.extracting(first: min(count - joined.count, bytes.byteCount)))
      }
    }
    return try body(joined.bytes)
  }

  /// The block that holds a byte.
  private func block(at offset: Int) -> Int {
    var low = member.blocks.lowerBound
    var high = member.blocks.upperBound
    while high - low > 1 {
      let middle = (low + high) / 2
      if archive.blocks[middle].offset <= offset { low = middle } else { high = middle }
    }
    return low
  }

  private func block(_ number: Int) throws(IndexedDataError) -> Kept {
    let known = kept.withLock { kept -> Kept? in
      guard let place = kept.firstIndex(where: { $0.number == number }) else { return nil }
      let block = kept.remove(at: place)
      kept.append(block)
      return block
    }
    if let known { return known }
    var decompressor = BlockDecompressor()
    var bytes = ByteBuffer()
    try archive.read(number, of: member, &decompressor, to: &bytes)
    let block = Kept(number, bytes)
    kept.withLock { kept in
      if kept.count == Self.keptCount { kept.removeFirst() }
      kept.append(block)
    }
    return block
  }
}

extension ByteBuffer {
  /// Shows the bytes to `body`: a span of a class's own property cannot be lent out otherwise.
  fileprivate borrowing func withBytes<Outcome: ~Copyable>(
    _ body: (RawSpan) throws(IndexedDataError) -> Outcome
  ) throws(IndexedDataError) -> Outcome {
    try body(bytes)
  }
}
