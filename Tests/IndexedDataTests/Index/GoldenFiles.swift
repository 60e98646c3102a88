import TestSupport
import Testing

/// Small files as the reference programs write them.
struct GoldenPair: Sendable, CustomTestStringConvertible {
  var name: String
  var index: [UInt8]
  var elements: [UInt8]

  var testDescription: String { name }

  /// Writes both files and returns their prefix.
  func write(in folder: TemporaryFolder, as name: String = "d") throws -> String {
    try folder.write(name + ".idx", index)
    try folder.write(name + ".bin", elements)
    return folder.file(name)
  }

  static let documents: [[Int]] = [
    [10, 11, 12, 0], [20, 21, 0], [30, 31, 32, 33, 34, 0], [40, 0],
    [50, 51, 52, 53, 54, 55, 56, 0],
  ]

  static let uint16 = GoldenPair(
    name: "five documents, uint16",
    index: mmapHeader(code: 8, sequences: 5, documents: 6)
      + numbers([4, 3, 6, 2, 8], 4) + numbers([0, 8, 14, 26, 30], 8)
      + numbers(Array(0...5), 8),
    elements: numbers(documents.flatMap { $0 }, 2))

  static let int32 = GoldenPair(
    name: "five documents, int32",
    index: mmapHeader(code: 4, sequences: 5, documents: 6)
      + numbers([4, 3, 6, 2, 8], 4) + numbers([0, 16, 28, 52, 60], 8)
      + numbers(Array(0...5), 8),
    elements: numbers(documents.flatMap { $0 }, 4))

  static let cached = GoldenPair(
    name: "five documents, TNTIDX",
    index: hex("544e5449445800000100000000000000") + numbers([4, 4, 5, 5, 6], 8)
      + numbers(Array(0...5), 8) + numbers([0, 4, 7, 13, 15, 23], 8)
      + numbers([4, 3, 6, 2, 8], 8) + numbers(Array(0...5), 8),
    elements: numbers(documents.flatMap { $0 }, 4))

  static let twoSequences = GoldenPair(
    name: "two sequences in a document, empty document, empty sequence",
    index: hex(
      """
      4d4d49444944580000010000000000000008040000000000000004000000000000000200000001000000\
      00000000030000000000000000000000040000000000000006000000000000000600000000000000\
      0000000000000000020000000000000002000000000000000400000000000000
      """),
    elements: hex("010002000300070008000900"))

  static let float32 = GoldenPair(
    name: "float32 by GPT-NeoX",
    index: hex(
      """
      4d4d49444944580000010000000000000006010000000000000002000000000000000200000000000000\
      0000000000000000000000000100000000000000
      """),
    elements: hex("0000c03f000000c0"))

  static let empty = GoldenPair(
    name: "nothing, uint16",
    index: hex(
      "4d4d49444944580000010000000000000008000000000000000001000000000000000000000000000000"),
    elements: [])

  static let multimodal = GoldenPair(
    name: "Megatron-core with modes",
    index: hex(
      """
      4d4d4944494458000001000000000000000803000000000000000300000000000000020000000100000003000000\
      000000000000000004000000000000000600000000000000\
      000000000000000002000000000000000300000000000000000100
      """),
    elements: numbers([1, 2, 3, 4, 5, 6], 2))

  static let all = [uint16, int32, cached, twoSequences, float32, empty, multimodal]

  static func mmapHeader(code: UInt8, sequences: Int, documents: Int) -> [UInt8] {
    hex("4d4d49444944580000") + numbers([1], 8) + [code] + numbers([sequences, documents], 8)
  }

  /// Whole numbers in little-endian order.
  static func numbers(_ values: [Int], _ width: Int) -> [UInt8] {
    values.flatMap { value in
      (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
  }

  static func hex(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map {
      UInt8(digits[$0] * 16 + digits[$0 + 1])
    }
  }
}
