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
    guard let handle = unsafe archive_read_new() else {
      throw .damaged(name: name, byte: 0, reason: "libarchive cannot start")
    }
    unsafe self.handle = handle
    self.name = name
    feed = ArchiveFeed(stored)
    let client = unsafe Unmanaged.passUnretained(feed).toOpaque()
    unsafe archive_read_set_callback_data(handle, client)
    unsafe archive_read_set_read_callback(handle) { _, client, block in
      guard let client = unsafe client, let block = unsafe block else { return -1 }
      return unsafe Unmanaged<ArchiveFeed>.fromOpaque(client).takeUnretainedValue().read(block)
    }
    try configure(wrapping)
    try check(unsafe archive_read_open1(handle), "is not what its first bytes tell")
  }

  deinit {
    unsafe archive_read_free(handle)
  }

  var storedByte: Int { feed.storedByte }

  private func configure(_ wrapping: Wrapping) throws(PreprocessError) {
    switch wrapping {
    case .tar:
      unsafe archive_read_support_format_tar(handle)
      unsafe archive_read_set_options(handle, "hdrcharset=UTF-8")
      return
    case .zip where feed.isSeekable:
      unsafe archive_read_support_format_zip_seekable(handle)
      unsafe archive_read_set_seek_callback(handle) { _, client, offset, whence in
        guard let client = unsafe client else { return Int64(ARCHIVE_FATAL) }
        let feed = unsafe Unmanaged<ArchiveFeed>.fromOpaque(client).takeUnretainedValue()
        return feed.seek(offset, whence)
      }
      return
    case .zip:
      unsafe archive_read_support_format_zip_streamable(handle)
      return
    case .gzip: unsafe archive_read_support_filter_gzip(handle)
    case .zstd: unsafe archive_read_support_filter_zstd(handle)
    case .lz4: unsafe archive_read_support_filter_lz4(handle)
    case .xz: unsafe archive_read_support_filter_xz(handle)
    case .bzip2: unsafe archive_read_support_filter_bzip2(handle)
    }
    unsafe archive_read_support_format_raw(handle)
    unsafe archive_read_support_format_empty(handle)
  }

  /// Goes to the next regular file and returns its name; `nil` after the last.
  func nextMember() throws(PreprocessError) -> String? {
    while true {
      var entry: OpaquePointer?
      let status = unsafe archive_read_next_header(handle, &entry)
      if status == ARCHIVE_EOF { return nil }
      // A warning about a header concerns names and dates, which do not matter here.
      if status != ARCHIVE_WARN { try check(status, "damaged") }
      guard let entry = unsafe entry else { return nil }
      let isFile = unsafe archive_entry_filetype(entry) == S_IFREG
      let isLink = unsafe archive_entry_hardlink(entry) != nil
      guard isFile && !isLink else { continue }
      let path = unsafe archive_entry_pathname_utf8(entry) ?? archive_entry_pathname(entry)
      let member = unsafe path.map { unsafe String(cString: $0) } ?? "unnamed"
      guard unsafe archive_entry_is_encrypted(entry) == 0 else {
        throw .damaged(
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
      let count = unsafe archive_read_data(handle, buffer.baseAddress, buffer.count)
      if count >= 0 { return count }
      if count == Int(ARCHIVE_RETRY) { continue }
      try check(Int32(clamping: count), "damaged", member)
    }
  }

  private func check(
    _ status: Int32, _ fallback: String, _ member: String? = nil
  ) throws(PreprocessError) {
    if let error = feed.error { throw error }
    guard status != ARCHIVE_OK else { return }
    let reason = unsafe archive_error_string(handle).map { unsafe String(cString: $0) }
    throw .damaged(name: member ?? name, byte: storedByte, reason: reason ?? fallback)
  }
}

/// Hands the bytes of a stream to libarchive.
@safe
private final class ArchiveFeed {
  private let stored: any ByteStream
  private let buffer = UnsafeMutableRawBufferPointer.allocate(
    byteCount: 1 << 18, alignment: 64)
  /// What went wrong below; libarchive only learns that something did.
  private(set) var error: PreprocessError?

  init(_ stored: any ByteStream) {
    self.stored = stored
  }

  deinit {
    unsafe buffer.deallocate()
  }

  var storedByte: Int { stored.storedByte }
  var isSeekable: Bool { stored is FileStream }

  func read(_ block: UnsafeMutablePointer<UnsafeRawPointer?>) -> Int {
    do throws(PreprocessError) {
      let count = try unsafe stored.read(into: buffer)
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
  private var isEmpty = false

  init(_ wrapping: Wrapping, _ stored: any ByteStream) throws(PreprocessError) {
    reader = try LibarchiveReader(wrapping, stored, name: stored.name)
    isEmpty = try reader.nextMember() == nil
  }

  var name: String { reader.name }
  var storedByte: Int { reader.storedByte }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(PreprocessError) -> Int {
    isEmpty ? 0 : try unsafe reader.read(into: buffer, of: name)
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
