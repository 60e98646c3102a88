internal import Glibc

/// A whole file seen as memory, for reading.
///
/// The file must not be cut while it is mapped: the system answers a look at a lost page with a
/// signal. Where that can happen, ``InputFile`` is the safe way.
@safe
package struct MappedFile: ~Copyable, Sendable {
  /// How the bytes will be visited.
  package enum Access: Sendable {
    case sequential
    case random
  }

  /// The path it was opened under.
  package let path: String
  /// The file's length.
  @usableFromInline package let byteCount: Int
  /// When it was last changed, in nanoseconds since 1970.
  package let modifiedNanoseconds: Int64
  // Zero for an empty file, which the system does not map.
  @usableFromInline let address: UInt

  /// Maps a file.
  package init(path: String) throws(SystemError) {
    let file = try InputFile(path: path)
    let address = try Self.map(file)
    self.path = path
    byteCount = file.byteCount
    modifiedNanoseconds = file.modifiedNanoseconds
    self.address = address
  }

  deinit {
    if address != 0 { unsafe munmap(UnsafeMutableRawPointer(bitPattern: address), byteCount) }
  }

  /// The file's bytes; the span ends with the mapping.
  @inlinable package var bytes: RawSpan {
    @_lifetime(borrow self)
    borrowing get {
      let buffer = unsafe UnsafeRawBufferPointer(
        start: UnsafeRawPointer(bitPattern: address), count: byteCount)
      let span = unsafe RawSpan(_unsafeBytes: buffer)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Shows a range of the bytes to `body`; the way in where a property would end too early.
  ///
  /// - Precondition: the range lies inside the file.
  @inlinable package func withBytes<Outcome: ~Copyable, Failure: Error>(
    _ range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Outcome
  ) throws(Failure) -> Outcome {
    try body(bytes.extracting(range))
  }

  /// The little-endian number at a byte.
  ///
  /// - Precondition: the number lies inside the file.
  @inlinable package func number<Value: FixedWidthInteger & BitwiseCopyable>(
    at offset: Int, _: Value.Type
  ) -> Value {
    bytes.loadNumber(at: offset, Value.self)
  }

  /// Tells the system how the bytes will be visited.
  package func advise(_ access: Access) {
    guard let start = unsafe UnsafeMutableRawPointer(bitPattern: address) else { return }
    let advice =
      switch access {
      case .sequential: POSIX_MADV_SEQUENTIAL
      case .random: POSIX_MADV_RANDOM
      }
    unsafe posix_madvise(start, byteCount, advice)
  }

  private static func map(_ file: borrowing InputFile) throws(SystemError) -> UInt {
    guard file.isRegular else { throw SystemError(call: "mmap", path: file.path, code: ENODEV) }
    guard file.byteCount > 0 else { return 0 }
    let place = unsafe mmap(nil, file.byteCount, PROT_READ, MAP_SHARED, file.descriptor, 0)
    guard let place = unsafe place, unsafe place != MAP_FAILED else {
      throw SystemError(call: "mmap", path: file.path, code: errno)
    }
    return UInt(bitPattern: place)
  }
}
