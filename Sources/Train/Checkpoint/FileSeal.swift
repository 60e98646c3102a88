internal import Machine

/// The length and hash of a file, by which damage is found.
package struct FileSeal: Sendable, Equatable {
  /// The length in bytes.
  package let byteCount: Int
  /// XXH64 of the bytes.
  package let hash: UInt64

  /// The seal of a file as it is.
  package init(ofFile path: String) throws(TrainError) {
    let file: MappedFile
    do throws(SystemError) { file = try MappedFile(path: path) } catch { throw .system(error) }
    file.advise(.sequential)
    byteCount = file.bytes.byteCount
    hash = ContentHash.hash(file.bytes)
  }

  init(byteCount: Int, hash: UInt64) {
    self.byteCount = byteCount
    self.hash = hash
  }
}

/// A file that is hashed while it is written.
struct SealedOutput: ~Copyable {
  private var file: AppendFile
  private var hash = ContentHash()
  private static let pieceSize = 1 << 21

  /// Begins a file anew.
  init(path: String) throws(TrainError) {
    do throws(SystemError) {
      file = try AppendFile(path: path, syncsEarly: true)
    } catch {
      throw .system(error)
    }
  }

  var byteCount: Int { file.byteCount }

  mutating func append(_ bytes: RawSpan) throws(TrainError) {
    // Piece by piece: what was hashed is written while caches hold it, and the disk works meanwhile.
    for start in stride(from: 0, to: bytes.byteCount, by: Self.pieceSize) {
      let piece = bytes.extracting(start..<min(start + Self.pieceSize, bytes.byteCount))
      hash.update(piece)
      do throws(SystemError) { try file.append(piece) } catch { throw .system(error) }
    }
  }

  mutating func append(number: UInt64) throws(TrainError) {
    try unsafe append([number.littleEndian].span.bytes)
  }

  /// Makes the file durable.
  mutating func finish() throws(TrainError) -> FileSeal {
    do throws(SystemError) { try file.synchronize() } catch { throw .system(error) }
    return FileSeal(byteCount: file.byteCount, hash: hash.value)
  }
}
