internal import Machine

/// The work of one command, which writes all of its outputs or none.
///
/// Outputs get their names together, when each is whole and every input proved to be what was written
/// down of it; ``OutputNames`` tells what a kill or an error then can leave.
final class TendTransaction {
  /// The prefixes of the datasets that are read.
  let inputs: [String]
  let options: TendOptions
  private let checks: [String: InputCheck]
  private var outputs: [OutputPair] = []
  /// Files beside the datasets, of which `PATH.new` is whole.
  private var files: [String] = []

  /// Compares lengths of inputs with what was written down, then the hashes of small files.
  fileprivate init(_ inputs: [String], _ options: TendOptions) throws(IndexedDataError) {
    self.inputs = inputs
    self.options = options
    var checks: [String: InputCheck] = [:]
    for prefix in inputs where checks[prefix] == nil {
      guard let record = options.records[prefix] else { continue }
      checks[prefix] = try InputCheck(prefix, record)
    }
    for prefix in inputs { try checks[prefix]?.compareSmallFiles(options.interruption) }
    self.checks = checks
  }

  /// What compares an input with what was written down; `nil` where nothing was.
  func check(of input: String) -> InputCheck? { checks[input] }

  /// Takes an output that is whole but for its name.
  func take(_ output: OutputPair, _ dataset: TendedDataset) throws(IndexedDataError) {
    try output.prepare(dataset, options)
    outputs.append(output)
  }

  /// Takes a file that tells of the outputs and lies whole at `PATH.new`; it replaces an old one.
  func take(_ path: String) { files.append(path) }

  deinit {
    for path in files { try? DurableFile.remove(path + ".new") }
  }

  fileprivate func finish() throws(IndexedDataError) {
    for prefix in inputs { try checks[prefix]?.finish(options.interruption) }
    try endWhereRaised(options.interruption)
    let each = outputs.map(\.names)
    // The first output is what the others belong to: it goes before them and comes behind them.
    let names = OutputNames(
      replaced: files + each.flatMap(\.replaced), files: files + each.reversed().flatMap(\.files),
      manifests: each.reversed().flatMap(\.manifests))
    try names.give(isDurable: options.isDurable)
  }
}

/// Does work that writes `outputs` of the datasets `inputs`: all of them, or none.
///
/// Only where files get their names can a kill or an error leave a part; see ``OutputNames``.
/// - Throws: where an output is in the way or is one of the inputs, before anything is done;
///   `notAsRecorded` where an input is not what `options` say was written down of it.
func writeTogether<Outcome>(
  _ outputs: [String], of inputs: [String], _ options: TendOptions,
  _ work: (TendTransaction) throws(IndexedDataError) -> Outcome
) throws(IndexedDataError) -> Outcome {
  for output in outputs { try OutputPair.requireFree(output, inputs: inputs, options) }
  // Each output is claimed until all have their names; readers want descriptors, too.
  let limit = DescriptorLimit.raise(to: 2 * outputs.count)
  if let first = outputs.first, outputs.count > limit / 2 {
    throw .unsuitable(
      path: first,
      reason:
        "and \(outputs.count - 1) other outputs would be written together, and the system lets"
        + " this process have \(limit) files open, half of them for that; raise ulimit -n")
  }
  let transaction = try TendTransaction(inputs, options)
  let outcome = try work(transaction)
  try transaction.finish()
  return outcome
}
