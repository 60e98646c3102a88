/// The end of a zip archive in a file, from which its members are found.
///
/// | byte | what |
/// | --- | --- |
/// | 0 | `PK\5\6` |
/// | 12 | bytes of the table of contents, 32 bits |
/// | 16 | its offset, 32 bits |
/// | 20 | bytes of the comment that ends the file, 16 bits |
/// | 22 | the comment |
///
/// In front of it lies the table, whose rows begin with `PK\1\2`.
enum ZipEnd {
  private static let byteCount = 22

  /// Checks that a file which begins with a member of a zip archive is one archive and no more.
  ///
  /// libarchive goes by the last table of contents alone: of archives joined with `cat`, and of one
  /// behind which the next is cut short, it would leave members out without a word. What it does not
  /// understand either, this leaves to it.
  static func check(_ file: FileStream) throws(PreprocessError) {
    let tailStart = max(0, file.end - byteCount - Int(UInt16.max))
    var tail = [UInt8](repeating: 0, count: file.end - tailStart)
    try file.file.read(tailStart..<file.end, into: &tail)
    guard let place = tail.lastPlace(of: [0x50, 0x4B, 5, 6], leaving: byteCount) else { return }
    let end = tailStart + place
    let commentCount = tail.number(at: place + 20, bytes: 2)
    guard end + byteCount + commentCount >= file.end else {
      throw .unreadable(
        name: file.name, byte: end + byteCount + commentCount,
        reason: "bytes follow the end of the zip archive; cut them off if they are not wanted")
    }
    let size = tail.number(at: place + 12, bytes: 4)
    let offset = tail.number(at: place + 16, bytes: 4)
    let start = end - size
    // Large archives keep their numbers elsewhere.
    guard size > 0, size < UInt32.max, offset < start else { return }
    var signature = [UInt8](repeating: 0, count: 4)
    try file.file.read(start..<start + 4, into: &signature)
    guard signature == [0x50, 0x4B, 1, 2] else { return }
    throw .unreadable(
      name: file.name, byte: start - offset,
      reason: "a second zip archive begins here; give each in a file of its own")
  }
}

extension [UInt8] {
  /// The last place of some bytes with so many bytes from there on.
  fileprivate func lastPlace(of wanted: [UInt8], leaving count: Int) -> Int? {
    var place = self.count - count
    while place >= 0 {
      if self[place..<place + wanted.count].elementsEqual(wanted) { return place }
      place -= 1
    }
    return nil
  }

  fileprivate func number(at place: Int, bytes: Int) -> Int {
    self[place..<place + bytes].reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}
