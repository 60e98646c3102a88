import TestSupport

@testable import IndexedData
@testable import Train

/// Small datasets whose samples GPT-NeoX itself was asked for.
struct DataFixture {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  static let text: [[Int64]] = [
    [10, 11, 12, 0], [20, 21, 0], [30, 31, 32, 33, 34, 0], [40, 0],
    [50, 51, 52, 53, 54, 55, 56, 0],
  ]
  static let labels: [[Int64]] = [
    [-100, -100, 12, 0], [-100, 21, 0], [-100, -100, -100, -100, -100, -100], [-100, 0],
    [-100, -100, -100, 53, 54, 55, 56, 0],
  ]
  static let negatives: [[Int64]] = [
    [10, 13, 14, 15, 0], [20, 22, 0], [30, 0], [40, 41, 42, 43, 44, 45, 0], [50, 59, 0],
  ]

  static func firstMasked(_ documents: [[Int64]]) -> [[Int64]] {
    documents.map { [-100] + $0.dropFirst() }
  }

  /// Writes documents of ids; returns the prefix.
  @discardableResult
  func write(
    _ name: String, _ documents: [[Int64]], _ type: ElementType = .int32
  ) throws -> String {
    let output = DatasetOutput(prefix: folder.file(name), elementType: type)
    let builder = try DatasetBuilder(output, overwrite: true)
    for document in documents { try builder.append(sequences: [document]) }
    try builder.finish()
    return folder.file(name)
  }

  /// Writes documents of fractions; returns the prefix.
  @discardableResult
  func write(_ name: String, values: [[Double]]) throws -> String {
    let output = DatasetOutput(prefix: folder.file(name), elementType: .float32)
    let builder = try DatasetBuilder(output, overwrite: true)
    for document in values { try builder.append(values: document) }
    try builder.finish()
    return folder.file(name)
  }

  /// Settings of a short run on one dataset.
  func settings(
    _ paths: [String], iterations: Int, length: Int, micro: Int = 1
  ) -> DataSettings {
    var settings = DataSettings(sequenceLength: length, microBatchSize: micro)
    settings.train.paths = paths
    settings.trainIterations = iterations
    settings.evaluationIterations = 0
    settings.mapStorage = .memory
    return settings
  }
}

extension Batch {
  /// The tokens of a row.
  func tokens(row: Int) -> [Int32] {
    Array(tokens[(row * columnCount)..<((row + 1) * columnCount)])
  }
}
