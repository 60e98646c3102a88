import Foundation
import TestSupport

@testable import IndexedData

/// A small dataset in memory and the bytes of its files, made without the code under test.
struct Sample {
  /// Sequences of ids.
  var sequences: [[Int64]]
  /// The document index.
  var documents: [Int64]
  var type: ElementType = .uint16
  var modes: [Int8] = []

  /// A sequence a document.
  init(documents: [[Int64]], type: ElementType = .uint16) {
    sequences = documents
    self.documents = (0...documents.count).map(Int64.init)
    self.type = type
  }

  init(sequences: [[Int64]], documents: [Int64], type: ElementType = .uint16) {
    self.sequences = sequences
    self.documents = documents
    self.type = type
  }

  /// Dataset `t` of the fact sheet.
  static let t = Sample(documents: [
    [10, 11, 12, 0], [20, 21, 0], [30, 31, 32, 33, 34, 0], [40, 0],
    [50, 51, 52, 53, 54, 55, 56, 0],
  ])

  /// Random documents that end with 0 and hold no other 0.
  static func random(
    seed: UInt64, documents: Int, longest: Int = 20, type: ElementType = .uint16
  ) -> Sample {
    var random = SeededGenerator(seed: seed)
    return Sample(
      documents: (0..<documents).map { _ in
        (0..<Int.random(in: 0..<longest, using: &random)).map { _ in
          Int64.random(in: 1...120, using: &random)
        } + [0]
      }, type: type)
  }

  var bin: [UInt8] {
    sequences.flatMap { $0 }.flatMap { id in
      (0..<type.byteCount).map { UInt8(truncatingIfNeeded: id >> Int64(8 * $0)) }
    }
  }

  /// `MMIDIDX`.
  var idx: [UInt8] {
    var bytes = Array("MMIDIDX".utf8) + [0, 0] + little(1, 8)
    bytes += [UInt8(type.code(.neox))] + little(Int64(sequences.count), 8)
    bytes += little(Int64(documents.count), 8)
    for sequence in sequences { bytes += little(Int64(sequence.count), 4) }
    var place: Int64 = 0
    for sequence in sequences {
      bytes += little(place, 8)
      place += Int64(sequence.count * type.byteCount)
    }
    for entry in documents { bytes += little(entry, 8) }
    return bytes + modes.map { UInt8(bitPattern: $0) }
  }

  /// `TNTIDX`.
  var oldIdx: [UInt8] {
    var bytes = Array("TNTIDX".utf8) + [0, 0] + little(1, 8)
    for number in [
      Int(type.code(.neox)), type.byteCount, sequences.count, sequences.count, documents.count,
    ] { bytes += little(Int64(number), 8) }
    for place in 0...sequences.count { bytes += little(Int64(place), 8) }
    var starts: [Int64] = [0]
    for sequence in sequences { starts.append(starts[starts.count - 1] + Int64(sequence.count)) }
    for start in starts { bytes += little(start, 8) }
    for sequence in sequences { bytes += little(Int64(sequence.count), 8) }
    for entry in documents { bytes += little(entry, 8) }
    return bytes
  }

  private func little(_ value: Int64, _ width: Int) -> [UInt8] {
    (0..<width).map { UInt8(truncatingIfNeeded: value >> Int64(8 * $0)) }
  }

  /// Writes both files; returns the prefix.
  @discardableResult
  func write(_ folder: TemporaryFolder, _ name: String, old: Bool = false) throws -> String {
    try folder.write(name + ".bin", bin)
    try folder.write(name + ".idx", old ? oldIdx : idx)
    return folder.file(name)
  }
}

extension TemporaryFolder {
  /// Both files of a dataset.
  func pair(_ name: String) throws -> [[UInt8]] {
    [try read(name + ".idx"), try read(name + ".bin")]
  }

  /// The names in the folder, sorted.
  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }
}

/// Bytes written as hexadecimal digits.
func bytes(hex: String) -> [UInt8] {
  let digits = hex.filter { !$0.isWhitespace }.utf8.map {
    Int(String(UnicodeScalar($0)), radix: 16)!
  }
  return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
}
