import Glibc
import Machine

/// Standard input, or a pipe with a name; it keeps a hash of what it gives.
///
/// Where an earlier process has read some of it, the same bytes must come again: reading stops at
/// the last of them until they are known to be the same.
final class PipeStream: ByteStream {
  let name: String
  private let input: Int
  private let descriptor: Int32
  private let interruption: Interruption?
  /// Bytes that came out of the pipe, and their hash.
  private var byteCount = 0
  private var hash = ContentHash()
  private var isAtEnd = false
  /// What an earlier process read, until it is compared.
  private var expected: PipeMark?
  /// Bytes that were read for the sake of the comparison and come next.
  private var ahead: ArraySlice<UInt8> = []

  /// Opens the pipe that is an input of a list; `-` is standard input.
  ///
  /// Nobody waits here for a pipe's writer; ``read(into:)`` does.
  init(
    _ path: String, input: Int, expecting mark: PipeMark? = nil, interruption: Interruption? = nil
  ) throws(PreprocessError) {
    name = path == "-" ? "standard input" : path
    self.input = input
    expected = mark
    self.interruption = interruption
    descriptor =
      path == "-"
      ? dup(STDIN_FILENO) : unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw .system(SystemError(call: "open", path: name, code: errno))
    }
  }

  deinit {
    close(descriptor)
  }

  var storedByte: Int { byteCount - ahead.count }
  var isStored: Bool { true }

  /// What has been read up to now.
  var mark: PipeMark {
    PipeMark(input: input, byteCount: byteCount, hash: hash.value, isWhole: isAtEnd)
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(PreprocessError) -> Int {
    if !ahead.isEmpty {
      let count = min(buffer.count, ahead.count)
      unsafe buffer.copyBytes(from: ahead.prefix(count))
      ahead = count == ahead.count ? [] : ahead.dropFirst(count)
      return count
    }
    guard let expected, unsafe !buffer.isEmpty else { return try unsafe fetch(into: buffer) }
    if byteCount == expected.byteCount {
      try compare(with: expected)
      return try unsafe fetch(into: buffer)
    }
    return try unsafe fetch(into: buffer, expecting: expected)
  }

  /// Reads on to the last byte that an earlier process has read, and compares.
  ///
  /// - Throws: ``PreprocessError/otherData(name:finding:)`` when other bytes come, or fewer, or more
  ///   where the pipe had ended.
  func compareRest(keepsBytes: Bool) throws(PreprocessError) {
    guard expected != nil else { return }
    var block = [UInt8](repeating: 0, count: 1 << 18)
    var kept: [UInt8] = []
    while let mark = expected, byteCount < mark.byteCount {
      let count = try block.fill(from: 0, upTo: block.count, with: self)
      if keepsBytes { kept += block[..<count] }
    }
    if let expected { try compare(with: expected) }
    ahead += kept
  }

  // MARK: - Comparing

  /// Reads some of the bytes that an earlier process has read, and compares when they are all there.
  private func fetch(
    into buffer: UnsafeMutableRawBufferPointer, expecting mark: PipeMark
  ) throws(PreprocessError) -> Int {
    let room = min(buffer.count, mark.byteCount - byteCount)
    let count = try unsafe fetch(
      into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<room]))
    guard count > 0 else {
      throw other(
        "ends after \(byteCount) bytes, and the unfinished work has read \(mark.byteCount)")
    }
    if byteCount == mark.byteCount { try compare(with: mark) }
    return count
  }

  private func compare(with mark: PipeMark) throws(PreprocessError) {
    guard hash.value == mark.hash else {
      throw other(
        "the first \(mark.byteCount) bytes are not those that the unfinished work has read")
    }
    if mark.isWhole {
      var next: UInt8 = 0
      let count = try unsafe withUnsafeMutableBytes(of: &next) { (one) throws(PreprocessError) in
        try unsafe fetch(into: one)
      }
      guard count == 0 else {
        throw other("goes on after byte \(mark.byteCount), where it ended for the unfinished work")
      }
    }
    expected = nil
  }

  private func other(_ finding: String) -> PreprocessError {
    .otherData(name: name, finding: finding)
  }

  private func fetch(into buffer: UnsafeMutableRawBufferPointer) throws(PreprocessError) -> Int {
    while !isAtEnd {
      try waitForBytes()
      let count = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      if count >= 0 {
        isAtEnd = count == 0 && buffer.count > 0
        byteCount += count
        unsafe hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]).bytes)
        return count
      }
      guard errno == EINTR || errno == EAGAIN else {
        throw .system(SystemError(call: "read", path: name, code: errno))
      }
    }
    return 0
  }

  /// Waits until there is something to read, or the end.
  ///
  /// It looks every now and then whether the work should stop: a signal may come to another thread,
  /// or just before the waiting begins.
  /// - Throws: ``PreprocessError/interrupted``.
  private func waitForBytes() throws(PreprocessError) {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while true {
      if interruption?.isRaised == true { throw .interrupted }
      let count = unsafe poll(&request, 1, Self.waitMilliseconds)
      // What is wrong with the descriptor, reading will tell.
      guard count == 0 || (count < 0 && errno == EINTR) else { return }
    }
  }

  private static let waitMilliseconds: Int32 = 100
}
