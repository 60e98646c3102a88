/// Bytes that come one after another: a file, a pipe, or what comes out of compression or an archive.
protocol ByteStream: AnyObject {
  /// The stored file, and after `!` the member of an archive.
  var name: String { get }
  /// Bytes of the stored file that have been read, for messages about damage.
  var storedByte: Int { get }
  /// Whether its bytes are those of the stored file.
  var isStored: Bool { get }
  /// Reads some bytes and returns their number; 0 at the end only.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(PreprocessError) -> Int
}

extension ByteStream {
  var isStored: Bool { false }

  /// Bytes of the stored file that have been used, where `count` of those that this stream gave are not.
  func storedByte(without count: Int) -> Int { isStored ? storedByte - count : storedByte }
}

/// A file from some offset on.
final class FileStream: ByteStream {
  let file: OpenFile
  private(set) var storedByte: Int
  /// Where the file ended when it was opened.
  let end: Int

  init(_ file: OpenFile, from offset: Int = 0, end: Int) {
    self.file = file
    self.end = end
    storedByte = offset
  }

  var name: String { file.path }
  var isStored: Bool { true }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(PreprocessError) -> Int {
    let wanted = min(buffer.count, end - storedByte)
    guard wanted > 0 else { return 0 }
    let part = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
    let count = try unsafe file.read(into: part, at: storedByte)
    guard count == wanted else { throw .inputChanged(name) }
    storedByte += count
    return count
  }

  /// Goes to another offset.
  func seek(to offset: Int) {
    storedByte = max(0, min(offset, end))
  }
}

/// A stream whose first bytes have been looked at and come again: so many that they show more than
/// blanks, as blank lines may come before what tells the format.
final class PeekedStream: ByteStream {
  private let stream: any ByteStream
  let head: [UInt8]
  private var given = 0

  /// Blanks that are passed over at most.
  private static let blankLimit = 1 << 20

  init(_ stream: any ByteStream) throws(PreprocessError) {
    self.stream = stream
    var head: [UInt8] = []
    var seen = 0
    while true {
      let start = head.count
      head += [UInt8](repeating: 0, count: Wrapping.headByteCount)
      var count = start
      while count < head.count {
        let more = try head.fill(from: count, upTo: head.count, with: stream)
        if more == 0 { break }
        count += more
      }
      let isEnd = count < head.count
      head.removeLast(head.count - count)
      if isEnd || seen > 0 || head.count > Self.blankLimit { break }
      // One more block than the first that shows something, so that it may be seen whole.
      if head[start...].contains(where: { $0 > 0x20 }) { seen = head.count }
      if seen > 0 && start == 0 { break }
    }
    self.head = head
  }

  var name: String { stream.name }
  var storedByte: Int { stream.storedByte }
  var isStored: Bool { stream.isStored }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(PreprocessError) -> Int {
    guard given < head.count else { return try unsafe stream.read(into: buffer) }
    let count = min(buffer.count, head.count - given)
    unsafe buffer.copyBytes(from: head[given..<given + count])
    given += count
    return count
  }
}
