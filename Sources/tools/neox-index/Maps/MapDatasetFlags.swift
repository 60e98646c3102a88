import CommandLineKit
import IndexedData

extension Packing: ArgumentValue {}

/// What index maps of one dataset are made from, as a configuration would say it.
struct MapDatasetFlags: Sendable {
  var samples: Int?
  var epochs: Int?
  var sequenceLength: Int?
  var seed = 1234
  var packing = Packing.packed
  var leavesOutLong = false
  var labels: DatasetPrefix?
  var negative: DatasetPrefix?
  var negativeLabels: DatasetPrefix?
  var givenName: String?

  /// The split in the names of the files.
  var name: String { givenName ?? "train_0" }
  /// Whether it was given.
  var isNamed: Bool { givenName != nil }

  static let group = ArgumentGroup<Self>(
    "one dataset's order",
    [
      .option(
        "--samples", \.samples, placeholder: "N", rule: .within(1...(1 << 40)),
        "samples that the run draws from it: GPT-NeoX asks a dataset of a list for 0.5 % more than"
          + " its share of train_iters × train_batch_size"),
      .option(
        "--epochs", \.epochs, placeholder: "N", rule: .within(1...(1 << 20)),
        "instead, passes over a packed dataset"),
      .option(
        "--seq-length", \.sequenceLength, placeholder: "S",
        rule: .within(1...Int(Int32.max) - 1), "tokens of a sample"),
      .option(
        "--seed", \.seed, placeholder: "N", rule: .within(0...Int(UInt32.max)), "the run's seed"),
      .option("--pack-impl", \.packing, "how documents fill samples"),
      .flag(
        "--no-chopped", \.leavesOutLong,
        "leave out documents longer than a sample (allow_chopped"
          + " false); packed ones never are"),
      .option(
        "--labels", \.labels, placeholder: "PREFIX", "its labels, which decide what is left out"),
      .option("--negative", \.negative, placeholder: "PREFIX", "the rejected answers of pairs"),
      .option("--negative-labels", \.negativeLabels, placeholder: "PREFIX", "their labels"),
      .option(
        "--name", \.givenName, placeholder: "NAME", shownDefault: "train_0",
        "the split in the names of the files: train, valid or test for a data_path, with _0, _1 … for"
          + " the datasets of a list"),
    ])

  /// Whether anything but the defaults was asked for.
  var isGiven: Bool {
    samples != nil || epochs != nil || sequenceLength != nil || seed != 1234 || packing != .packed
      || leavesOutLong || labels != nil || negative != nil || negativeLabels != nil
      || isNamed
  }

  /// The maps of all documents of a dataset.
  func files(of prefix: String) throws -> MapFiles {
    guard let sequenceLength else { throw UsageError("argument --seq-length is required") }
    let length: OrderLength
    switch (samples, epochs) {
    case (let samples?, nil): length = .samples(samples)
    case (nil, let epochs?): length = .epochs(epochs)
    case (nil, nil): throw UsageError("one of the arguments --samples --epochs is required")
    case (.some, .some):
      throw UsageError("argument --epochs: not allowed with argument --samples")
    }
    guard epochs == nil || packing == .packed else {
      throw UsageError("argument --epochs: needs --pack-impl packed")
    }
    guard negative == nil || packing != .packed else {
      throw UsageError("argument --negative: pairs cannot be packed; give --pack-impl")
    }
    guard negativeLabels == nil || negative != nil else {
      throw UsageError("argument --negative-labels: needs --negative")
    }
    guard !name.isEmpty, !name.contains("/") else {
      throw UsageError("argument --name: '\(name)' cannot be part of a file's name")
    }
    let text = try IndexedDataset(prefix: prefix)
    func companion(_ prefix: DatasetPrefix?) throws -> IndexedDataset? {
      guard let prefix else { return nil }
      let dataset = try IndexedDataset(prefix: prefix.path)
      guard dataset.sequenceCount == text.sequenceCount else {
        throw IndexedDataError.unequalShapes(
          first: text.prefix, second: prefix.path, what: "documents",
          expected: text.sequenceCount, found: dataset.sequenceCount)
      }
      return dataset
    }
    let data = OrderData(
      text: text, labels: try companion(labels), negative: try companion(negative),
      negativeLabels: try companion(negativeLabels))
    let request = OrderRequest(
      documents: 0..<text.sequenceCount, length: length, sequenceLength: sequenceLength,
      seed: UInt32(seed), packing: packing, allowsChopping: !leavesOutLong)
    return MapFiles(request, data, name: name)
  }
}
