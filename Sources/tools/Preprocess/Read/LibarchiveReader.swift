import CArchive
import Glibc

/// One layer of compression or archive, read by libarchive from another stream.
///
/// Nothing is ever written to disk, so that no name inside an archive can do harm.
@safe
final class LibarchiveReader {
  private let handle: OpaquePointer
  private let feed: ArchiveFeed
  let name: String

  /// Starts to read a layer.
  init(_ wrapping: Wrapping, _ stored: any ByteStream, name: String) throws(PreprocessError) {
    if let reason = unsafe carchive_load() {
      throw unsafe .noLibrary(name: name, reason: String(cString: reason))
    }
    guard let handle = unsafe carchive_read_new() else {
      throw .unreadable(
        name: name, byte: 0, reason: "libarchive cannot start; free some memory")
    }
    unsafe self.handle = handle
    self.name = name
    feed = ArchiveFeed(stored, tail: wrapping == .lz4 ? ArchiveFeed.emptyLZ4Frame : [])
    let client = unsafe Unmanaged.passUnretained(feed).toOpaque()
    unsafe carchive_read_set_callback_data(handle, client)
    unsafe carchive_read_set_read_callback(handle) { _, client, block in
      guard let client = unsafe client, let block = unsafe block else { return -1 }
      return unsafe Unmanaged<ArchiveFeed>.fromOpaque(client).takeUnretainedValue().read(block)
    }
    try configure(wrapping)
    try check(unsafe carchive_read_open1(handle), "is not what its first bytes tell")
  }

  deinit {
    unsafe carchive_read_free(handle)
  }

  var storedByte: Int { feed.storedByte }

  /// Checks, at the end of what came out, that all that is stored went in.
  ///
  /// libarchive stops without an error where bytes are no further frame of lz4 or stream of bzip2.
  func checkEnd() throws(PreprocessError) {
    let used = unsafe carchive_filter_bytes(handle, -1)
    let isUsedUp = try feed.isUsedUp(after: Int(used))
    guard isUsedUp else {
      throw .unreadable(
        name: name, byte: storedByte,
        reason:
          "what follows is no further compressed data\(feed.otherCause); mend the file, or cut "
          + "off what is not wanted, and begin anew with --restart")
    }
  }

  private func configure(_ wrapping: Wrapping) throws(PreprocessError) {
    switch wrapping {
    case .tar:
      unsafe carchive_read_support_format_tar(handle)
      // Tar stops at its end mark; what was joined behind it with `cat` would be lost without a word.
      unsafe carchive_read_set_options(handle, "hdrcharset=UTF-8,read_concatenated_archives")
      return
    case .zip where feed.isSeekable:
      unsafe carchive_read_support_format_zip_seekable(handle)
      unsafe carchive_read_set_seek_callback(handle) { _, client, offset, whence in
        guard let client = unsafe client else { return Int64(ARCHIVE_FATAL) }
        let feed = unsafe Unmanaged<ArchiveFeed>.fromOpaque(client).takeUnretainedValue()
        return feed.seek(offset, whence)
      }
      return
    case .zip:
      unsafe carchive_read_support_format_zip_streamable(handle)
      return
    case .gzip, .zstd: preconditionFailure("these have streams of their own")
    case .lz4: unsafe carchive_read_support_filter_lz4(handle)
    case .xz: unsafe carchive_read_support_filter_xz(handle)
    case .bzip2: unsafe carchive_read_support_filter_bzip2(handle)
    }
    unsafe carchive_read_support_format_raw(handle)
    unsafe carchive_read_support_format_empty(handle)
  }

  /// Goes to the next regular file and returns its name; `nil` after the last.
  func nextMember() throws(PreprocessError) -> String? {
    while true {
      var entry: OpaquePointer?
      let status = unsafe carchive_read_next_header(handle, &entry)
      if status == ARCHIVE_EOF { return nil }
      // A warning about a header concerns names and dates, which do not matter here.
      if status != ARCHIVE_WARN { try check(status, "damaged") }
      guard let entry = unsafe entry else { return nil }
      let isFile = unsafe carchive_entry_filetype(entry) == S_IFREG
      let isLink = unsafe carchive_entry_hardlink(entry) != nil
      guard isFile && !isLink else { continue }
      let path = unsafe carchive_entry_pathname_utf8(entry) ?? carchive_entry_pathname(entry)
      let member = unsafe path.map { unsafe String(cString: $0) } ?? "unnamed"
      guard unsafe carchive_entry_is_encrypted(entry) == 0 else {
        throw .unreadable(
          name: "\(name)!\(member)", byte: storedByte,
          reason: "is encrypted; decrypt the archive first")
      }
      return member
    }
  }

  /// Reads some of the current member.
  func read(
    into buffer: UnsafeMutableRawBufferPointer, of member: String
  ) throws(PreprocessError) -> Int {
    while true {
      let count = unsafe carchive_read_data(handle, buffer.baseAddress, buffer.count)
      if count >= 0 { return count }
      if count == Int(ARCHIVE_RETRY) { continue }
      try check(Int32(clamping: count), "damaged", member)
    }
  }

  /// What libarchive says where a file was cut short, and what that means.
  private static let plainReasons = [
    "Lzma library error: No progress is possible": "the xz data ends too early",
    "Unrecognized archive format":
      "there is no table of contents at its end, as in a zip archive that was cut short",
  ]

  private func check(
    _ status: Int32, _ fallback: String, _ member: String? = nil
  ) throws(PreprocessError) {
    if let error = feed.error { throw error }
    guard status != ARCHIVE_OK else { return }
    let said = unsafe carchive_error_string(handle).map { unsafe String(cString: $0) }
    let words = (said ?? fallback).split { $0.isWhitespace }.joined(separator: " ")
    throw .damaged(
      name: member ?? name, byte: storedByte, reason: Self.plainReasons[words] ?? words)
  }
}

/// Hands the bytes of a stream to libarchive.
@safe
private final class ArchiveFeed {
  private let stored: any ByteStream
  private let buffer = UnsafeMutableRawBufferPointer.allocate(
    byteCount: 1 << 18, alignment: 64)
  /// Bytes that are given once after those of the stream.
  private let tail: [UInt8]
  private var isTailGiven = false
  /// Bytes of the stream that were given.
  private var given = 0
  /// The last of them, where there is a tail.
  private var last: [UInt8] = []
  /// What went wrong below; libarchive only learns that something did.
  private(set) var error: PreprocessError?

  /// A frame that says nothing and holds no end of another frame: libarchive takes four bytes that
  /// are no frame before it stops, and only when they are followed by something is that seen.
  static let emptyLZ4Frame: [UInt8] = [
    0x50, 0x2A, 0x4D, 0x18, 0x04, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF,
  ]

  init(_ stored: any ByteStream, tail: [UInt8]) {
    self.stored = stored
    self.tail = tail
  }

  deinit {
    unsafe buffer.deallocate()
  }

  /// Whether `used` bytes are all there are.
  ///
  /// Behind an empty frame libarchive stops as well: there the tail is left.
  func isUsedUp(after used: Int) throws(PreprocessError) -> Bool {
    let isTailUsed = used == given + (isTailGiven ? tail.count : 0) && isTailGiven == !tail.isEmpty
    guard isTailUsed || used == given && Self.endsInEmptyLZ4Frame(last) else { return false }
    return try unsafe stored.read(into: buffer) == 0
  }

  /// Why libarchive may have stopped before the end, beside damage and other data.
  var otherCause: String { tail.isEmpty ? "" : ", or comes after an empty frame" }

  /// Whether bytes end in a frame of a header, with or without a length and a dictionary, an end
  /// mark, and maybe a checksum.
  private static func endsInEmptyLZ4Frame(_ bytes: [UInt8]) -> Bool {
    for header in [7, 11, 15, 19] {
      for checksum in [0, 4] {
        let frame = Array(bytes.suffix(header + 4 + checksum))
        if frame.count == header + 4 + checksum, frame.starts(with: [0x04, 0x22, 0x4D, 0x18]),
          frame[header..<header + 4].allSatisfy({ $0 == 0 })
        {
          return true
        }
      }
    }
    return false
  }

  var storedByte: Int { stored.storedByte }
  var isSeekable: Bool { stored is FileStream }

  func read(_ block: UnsafeMutablePointer<UnsafeRawPointer?>) -> Int {
    do throws(PreprocessError) {
      var count = try unsafe stored.read(into: buffer)
      given += count
      if !tail.isEmpty { unsafe last = Array((last + buffer[..<count].suffix(32)).suffix(32)) }
      if count == 0, !isTailGiven, !tail.isEmpty {
        count = tail.count
        unsafe buffer.copyBytes(from: tail)
        isTailGiven = true
      }
      unsafe block.pointee = UnsafeRawPointer(buffer.baseAddress)
      return count
    } catch {
      self.error = error
      return -1
    }
  }

  func seek(_ offset: Int64, _ whence: Int32) -> Int64 {
    guard let file = stored as? FileStream else { return Int64(ARCHIVE_FATAL) }
    let base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? file.storedByte : file.end
    let (target, overflow) = base.addingReportingOverflow(Int(offset))
    guard !overflow, target >= 0 else { return Int64(ARCHIVE_FATAL) }
    file.seek(to: target)
    return Int64(file.storedByte)
  }
}

/// The content of compressed data that libarchive reads.
final class FilterStream: ByteStream {
  private let reader: LibarchiveReader
  private var isAtEnd = false

  init(_ wrapping: Wrapping, _ stored: any ByteStream) throws(PreprocessError) {
    reader = try LibarchiveReader(wrapping, stored, name: stored.name)
    isAtEnd = try reader.nextMember() == nil
    if isAtEnd { try reader.checkEnd() }
  }

  var name: String { reader.name }
  var storedByte: Int { reader.storedByte }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(PreprocessError) -> Int {
    guard !isAtEnd else { return 0 }
    let count = try unsafe reader.read(into: buffer, of: name)
    if count == 0 {
      isAtEnd = true
      try reader.checkEnd()
    }
    return count
  }
}

/// The content of the current member of an archive.
final class MemberStream: ByteStream {
  private let archive: LibarchiveReader
  let name: String

  init(_ archive: LibarchiveReader, member: String) {
    self.archive = archive
    name = "\(archive.name)!\(member)"
  }

  var storedByte: Int { archive.storedByte }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(PreprocessError) -> Int {
    try unsafe archive.read(into: buffer, of: name)
  }
}
