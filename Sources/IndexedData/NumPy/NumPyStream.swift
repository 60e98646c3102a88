internal import Machine

/// An `.npy` file of 64-bit numbers whose count is known only at the end; it appears whole.
struct NumPyStream: ~Copyable {
  private let path: String
  private let width: Int?
  private let headerByteCount: Int
  private var file: AppendFile

  /// Begins a file of rows of `width` numbers, or of one axis.
  init(to path: String, width: Int? = nil) throws(SystemError) {
    // NumPy leaves room for the first axis to grow, so that the header has the same length at the end.
    let header = Self.header(count: 0, width).bytes
    file = try Self.open(path + ".new", header)
    self.path = path
    self.width = width
    headerByteCount = header.count
  }

  private static func open(_ path: String, _ header: [UInt8]) throws(SystemError) -> AppendFile {
    var file = try AppendFile(path: path)
    try unsafe file.append(header.span.bytes)
    return file
  }

  /// Appends numbers.
  mutating func append(_ numbers: [Int64]) throws(SystemError) {
    try unsafe file.append(numbers.span.bytes)
  }

  /// Gives the file its name.
  mutating func finish() throws(SystemError) {
    let header = Self.header(count: (file.byteCount - headerByteCount) / 8, width).bytes
    precondition(header.count == headerByteCount)
    try unsafe file.overwrite(at: 0, header.span.bytes)
    try file.synchronize()
    try DurableFile.rename(path + ".new", to: path)
    try DurableFile.synchronizeFolder(of: path)
  }

  private static func header(count: Int, _ width: Int?) -> NumPyHeader {
    NumPyHeader(type: .int64, shape: width.map { [count / $0, $0] } ?? [count])
  }
}
