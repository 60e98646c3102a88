internal import CMachine
internal import Glibc
internal import Synchronization

/// A whole file seen as memory, for reading.
///
/// Where mappings are scarce, a file can be copied into memory of the process's own instead.
///
/// The file must not be cut while it is mapped: the system answers a look at a lost page with a
/// signal. Where that can happen, ``InputFile`` is the safe way.
@safe
@usableFromInline package struct MappedFile: ~Copyable, Sendable {
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
  private let isCopy: Bool

  /// Maps a file.
  ///
  /// Where mappings are scarce, a file of at most `copyLimit` bytes is copied instead, and one of up to 64 MiB
  /// when no mapping is left; by default none is.
  package init(
    path: String, copyLimit: Int? = nil, isScarce: Bool = Self.isScarce
  ) throws(SystemError) {
    let file = try InputFile(path: path)
    let (address, isCopy) = try Self.open(file, isScarce ? copyLimit : nil)
    self.path = path
    byteCount = file.byteCount
    modifiedNanoseconds = file.modifiedNanoseconds
    self.address = address
    self.isCopy = isCopy
  }

  deinit {
    guard address != 0 else { return }
    guard !isCopy else { return AlignedMemory.free(address) }
    unsafe munmap(UnsafeMutableRawPointer(bitPattern: address), byteCount)
    Self.count.subtract(1, ordering: .relaxed)
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
    guard !isCopy, let start = unsafe UnsafeMutableRawPointer(bitPattern: address) else { return }
    let advice =
      switch access {
      case .sequential: POSIX_MADV_SEQUENTIAL
      case .random: POSIX_MADV_RANDOM
      }
    unsafe posix_madvise(start, byteCount, advice)
  }

  /// Asks the system to begin reading a range into its memory, and does not wait.
  ///
  /// - Precondition: the range lies inside the file.
  package func readAhead(_ range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount)
    guard !range.isEmpty, !isCopy else { return }
    let first = range.lowerBound & -Self.pageByteCount
    guard let start = unsafe UnsafeMutableRawPointer(bitPattern: address + UInt(first)) else {
      return
    }
    _ = unsafe posix_madvise(start, range.upperBound - first, POSIX_MADV_WILLNEED)
  }

  /// Asks the processor to bring a range that is in memory into its caches, and does not wait.
  ///
  /// - Precondition: the range lies inside the file.
  package func prefetch(_ range: Range<Int>) {
    withBytes(range) { bytes in
      unsafe bytes.withUnsafeBytes { unsafe cm_prefetch_range($0.baseAddress, $0.count) }
    }
  }

  private static let pageByteCount = Int(sysconf(Int32(_SC_PAGESIZE)))

  private static func open(
    _ file: borrowing InputFile, _ copyLimit: Int?
  ) throws(SystemError) -> (address: UInt, isCopy: Bool) {
    guard let copyLimit, file.isRegular, file.byteCount > 0 else { return (try map(file), false) }
    if file.byteCount <= copyLimit { return (try copy(file), true) }
    do throws(SystemError) {
      return (try map(file), false)
    } catch {
      guard error.code == ENOMEM, file.byteCount <= largestCopy else { throw error }
      return (try copy(file), true)
    }
  }

  /// The longest file that is copied where no mapping is left, in bytes.
  private static let largestCopy = 64 << 20

  private static func copy(_ file: borrowing InputFile) throws(SystemError) -> UInt {
    guard let address = AlignedMemory.allocate(file.byteCount) else {
      throw SystemError(call: "allocate memory for", path: file.path, code: ENOMEM)
    }
    do throws(SystemError) {
      let target = unsafe UnsafeMutableRawBufferPointer(
        start: UnsafeMutableRawPointer(bitPattern: address), count: file.byteCount)
      guard try unsafe file.read(into: target, at: 0) == file.byteCount else {
        throw SystemError(call: "read", path: file.path, code: ENODATA)
      }
      return address
    } catch {
      AlignedMemory.free(address)
      throw error
    }
  }

  private static func map(_ file: borrowing InputFile) throws(SystemError) -> UInt {
    guard file.isRegular else { throw SystemError(call: "mmap", path: file.path, code: ENODEV) }
    guard file.byteCount > 0 else { return 0 }
    let place = unsafe mmap(nil, file.byteCount, PROT_READ, MAP_SHARED, file.descriptor, 0)
    guard let place = unsafe place, unsafe place != MAP_FAILED else {
      throw SystemError(call: "mmap", path: file.path, code: errno)
    }
    count.add(1, ordering: .relaxed)
    return UInt(bitPattern: place)
  }

  // MARK: - How many there are

  private static let count = Atomic<Int>(0)

  /// Whether half of the mappings that the system grants a process are files by now.
  ///
  /// The rest is for index maps, memory and threads, which cannot do without: who can read a file in
  /// another way should do that then.
  package static var isScarce: Bool { count.load(ordering: .relaxed) >= limit / 2 }

  private static let limit: Int = {
    let setting = try? InputFile(path: "/proc/sys/vm/max_map_count")
    var text = ByteBuffer()
    _ = try? setting?.read(32, at: 0, to: &text)
    let digits = (0..<text.count).map { text.bytes.loadNumber(at: $0, UInt8.self) }
    return Int(String(decoding: digits.prefix { $0 > 0x20 }, as: UTF8.self)) ?? 65_530
  }()
}
