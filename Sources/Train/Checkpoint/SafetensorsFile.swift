internal import Machine
internal import Tokenize

/// A file of named tensors, as Hugging Face's safetensors library writes it.
///
///     0   8     length n of the header, little-endian
///     8   n     JSON: {"NAME": {"dtype": "F32", "shape": […], "data_offsets": [begin, end]}, …};
///               under "__metadata__", strings by name; may end in spaces
///     8+n …     the tensors' bytes, little-endian and in row order, without gaps; offsets count
///               from here
///
/// Everything the header says is checked when the file is opened.
package final class SafetensorsFile: Sendable {
  /// The longest header that is read; the reference library draws the same line.
  package static let headerLimit = 100_000_000

  /// The file's path.
  package let path: String
  /// All tensors, in the order of their bytes.
  package let entries: [SafetensorsEntry]
  /// The strings under `__metadata__`.
  package let metadata: [String: String]

  private let file: MappedFile
  private let places: [String: Int]

  /// Opens a file and checks its header.
  ///
  /// - Throws: ``TrainError/system(_:)``, or ``TrainError/malformed(path:place:reason:)`` with the
  ///   tensor or the byte.
  package init(path: String) throws(TrainError) {
    let file: MappedFile
    do throws(SystemError) { file = try MappedFile(path: path) } catch { throw .system(error) }
    let header = try Self.header(file)
    let (entries, metadata) = try Self.parse(
      header, path: path, fileByteCount: file.bytes.byteCount)
    places = Dictionary(uniqueKeysWithValues: entries.indices.map { (entries[$0].name, $0) })
    self.entries = entries
    self.metadata = metadata
    self.path = path
    self.file = file
  }

  /// The tensor of a name.
  package subscript(name: String) -> SafetensorsEntry? { places[name].map { entries[$0] } }

  /// Shows a tensor's bytes to `body`.
  package func withBytes<Outcome, Failure: Error>(
    of entry: SafetensorsEntry, _ body: (RawSpan) throws(Failure) -> Outcome
  ) throws(Failure) -> Outcome {
    try file.withBytes(entry.bytes, body)
  }

  // MARK: - Header

  private static func header(_ file: borrowing MappedFile) throws(TrainError) -> [UInt8] {
    let path = file.path
    func problem(_ byte: Int, _ reason: String) -> TrainError {
      .malformed(path: path, place: "byte \(byte)", reason: reason)
    }
    let bytes = file.bytes
    guard bytes.byteCount >= 8 else {
      throw problem(0, "a safetensors file has at least 8 bytes, and this one \(bytes.byteCount)")
    }
    let length = bytes.loadNumber(at: 0, UInt64.self)
    guard length <= UInt64(headerLimit), Int(length) <= bytes.byteCount - 8 else {
      throw problem(
        0,
        "the header would have \(length) bytes; the file has \(bytes.byteCount)"
          + " and \(headerLimit) are allowed")
    }
    guard length >= 2, bytes.loadNumber(at: 8, UInt8.self) == UInt8(ascii: "{") else {
      throw problem(8, "the header is not a JSON object; is this a safetensors file?")
    }
    let header = bytes.extracting(8..<8 + Int(length))
    return unsafe header.withUnsafeBytes { unsafe Array($0) }
  }

  private static func parse(
    _ header: [UInt8], path: String, fileByteCount: Int
  ) throws(TrainError) -> ([SafetensorsEntry], [String: String]) {
    func problem(_ place: String, _ reason: String) -> TrainError {
      .malformed(path: path, place: place, reason: reason)
    }
    let start = 8 + header.count
    let root: JSONNode
    do throws(TokenizeError) {
      root = try JSONDocument(header, path: path).root
    } catch { throw problem("header", error.description) }
    var entries: [SafetensorsEntry] = []
    var metadata: [String: String] = [:]
    var names: Set<String> = []
    try root.forEachChild { (key, value) throws(TrainError) in
      let name = key.text
      guard names.insert(name).inserted else {
        throw problem("tensor \(name)", "the header names it twice")
      }
      if name == "__metadata__" {
        metadata = try Self.metadata(value, path: path)
      } else {
        entries.append(try Self.entry(name, value, path: path, start: start))
      }
    }
    entries.sort {
      ($0.bytes.lowerBound, $0.bytes.upperBound) < ($1.bytes.lowerBound, $1.bytes.upperBound)
    }
    var end = start
    for entry in entries {
      guard entry.bytes.lowerBound == end else {
        throw problem(
          "tensor \(entry.name)",
          "it begins at byte \(entry.bytes.lowerBound), and the one before it ends at \(end)")
      }
      end = entry.bytes.upperBound
    }
    guard end == fileByteCount else {
      throw problem(
        "byte \(end)",
        "the tensors end here, but the file has \(fileByteCount) bytes; "
          + (end > fileByteCount ? "it was cut off" : "something follows them"))
    }
    return (entries, metadata)
  }

  private static func metadata(
    _ value: JSONNode, path: String
  ) throws(TrainError) -> [String: String] {
    guard let members = value.members, members.allSatisfy({ $0.value.string != nil }) else {
      throw .malformed(path: path, place: "__metadata__", reason: "it holds more than strings")
    }
    return Dictionary(
      members.compactMap { member in member.value.string.map { (member.key, $0) } },
      uniquingKeysWith: { $1 })
  }

  private static func entry(
    _ name: String, _ value: JSONNode, path: String, start: Int
  ) throws(TrainError) -> SafetensorsEntry {
    func problem(_ reason: String) -> TrainError {
      .malformed(path: path, place: "tensor \(name)", reason: reason)
    }
    guard let typeName = value["dtype"]?.string else { throw problem("it has no dtype") }
    guard let type = SafetensorsType(rawValue: typeName) else {
      throw problem("its dtype \(typeName) is unknown")
    }
    func numbers(_ key: String) throws(TrainError) -> [Int] {
      guard let elements = value[key]?.elements else { throw problem("it has no \(key)") }
      let numbers = elements.compactMap(\.integer)
      guard numbers.count == elements.count, numbers.allSatisfy({ $0 >= 0 }) else {
        throw problem("its \(key) has something that is no count")
      }
      return numbers
    }
    let shape = try numbers("shape")
    let offsets = try numbers("data_offsets")
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw problem("its data_offsets are not a begin and an end")
    }
    var byteCount = type.byteCount
    for length in shape {
      let (product, overflows) = byteCount.multipliedReportingOverflow(by: length)
      guard !overflows else { throw problem("its shape \(shape) is too large") }
      byteCount = product
    }
    guard byteCount == offsets[1] - offsets[0] else {
      throw problem(
        "its shape \(shape) takes \(byteCount) bytes, its data_offsets \(offsets[1] - offsets[0])")
    }
    let (end, overflows) = offsets[1].addingReportingOverflow(start)
    guard !overflows else { throw problem("its data_offsets are too large") }
    return SafetensorsEntry(name: name, type: type, shape: shape, bytes: start + offsets[0]..<end)
  }
}
