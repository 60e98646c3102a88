import IndexedData
import Machine
import Train

/// The tokens of the datasets that a configuration trains on, where they are there.
struct DataStock {
  /// A dataset to train on.
  struct Item {
    /// Its prefix.
    let path: String
    /// How often it is drawn, against the others.
    let weight: Double
    /// Its tokens for training; `nil` where it is not there.
    let tokenCount: Int?
  }

  /// The datasets.
  let items: [Item]

  /// Opens the datasets; those that are not there are counted as missing.
  init(_ source: TrainingConfiguration.Source) throws {
    switch source {
    case .none: items = []
    case .split(let path, let shares):
      let share = Self.trainingShare(shares)
      let count = try Self.tokenCount(path).map { Int(Double($0) * share) }
      items = [Item(path: path, weight: 1, tokenCount: count)]
    case .lists(let train, _, _):
      items = try train.map {
        Item(path: $0.path, weight: $0.weight, tokenCount: try Self.tokenCount($0.path))
      }
    case .pairs(let train, _, _):
      items = try train.map {
        Item(
          path: $0.preferred.path, weight: $0.weight,
          tokenCount: try Self.tokenCount($0.preferred.path))
      }
    }
  }

  /// The share of a dataset that is trained on: the first of up to three numbers.
  static func trainingShare(_ shares: String) -> Double {
    let separator: Character = shares.contains(",") ? "," : "/"
    let numbers = shares.split(separator: separator).prefix(3).map { part in
      Double(String(part.drop { $0 == " " }.prefix { $0 != " " })) ?? 0
    }
    let sum = numbers.reduce(0, +)
    return sum > 0 ? (numbers.first ?? 0) / sum : 0
  }

  private static func tokenCount(_ prefix: String) throws -> Int? {
    guard DurableFile.exists(prefix + ".idx") else { return nil }
    return try IndexedDataset(prefix: prefix).tokenCount
  }
}
