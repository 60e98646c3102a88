import Foundation
import TestSupport

@testable import IndexedData

extension Sample {
  /// Labels of ``t``.
  static let tLabels = Sample(
    documents: [
      [-100, -100, 12, 0], [-100, 21, 0], [-100, -100, -100, -100, -100, -100], [-100, 0],
      [-100, -100, -100, 53, 54, 55, 56, 0],
    ], type: .int32)

  /// Rejected answers beside ``t``.
  static let tNegative = Sample(documents: [
    [10, 13, 14, 15, 0], [20, 22, 0], [30, 0], [40, 41, 42, 43, 44, 45, 0], [50, 59, 0],
  ])

  /// Documents whose lengths and ids follow from their number.
  static func rule(
    _ count: Int, length factor: Int, modulo: Int, token: Int = 31, type: ElementType = .uint16
  ) -> Sample {
    Sample(
      documents: (0..<count).map { i in
        (0..<(1 + factor * i % modulo)).map { Int64((token * i + $0) % 1000) }
      }, type: type)
  }

  /// 1000 documents of 49,019 tokens.
  static let a = rule(1000, length: 7919, modulo: 97)
  /// 300 documents of 9,330 tokens.
  static let b = rule(300, length: 104_729, modulo: 61)

  /// Labels that mask the first third of a document, and every `period`-th one as a whole.
  func masked(period: Int) -> Sample {
    Sample(
      documents: sequences.enumerated().map { i, ids in
        ids.enumerated().map { j, id in i % period == 0 || j < ids.count / 3 ? -100 : id }
      }, type: .int32)
  }

  func dataset(_ folder: TemporaryFolder, _ name: String) throws -> IndexedDataset {
    try IndexedDataset(prefix: write(folder, name))
  }
}

extension MapNumbers {
  var numbers: [Int] { (0..<count).map { self[$0] } }
  var sha256: String { SHA256Oracle.hex(bytes) }
}

extension SampleOrder {
  func pieces(_ index: Int) throws -> [SamplePiece] {
    var pieces: [SamplePiece] = []
    try appendPieces(of: index, to: &pieces)
    return pieces
  }

  /// A sample's tokens, padded or cut to `length`.
  func tokens(_ index: Int, _ data: IndexedDataset, length: Int) throws -> [Int64] {
    var ids: [Int64] = []
    for piece in try pieces(index) {
      let document = try data.tokens(of: piece.document).dropFirst(piece.offset)
      ids += document.prefix(piece.count ?? .max)
    }
    ids = Array(ids.prefix(length))
    return ids + [Int64](repeating: 0, count: length - ids.count)
  }
}
