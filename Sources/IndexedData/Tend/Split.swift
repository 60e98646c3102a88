/// How a dataset is cut.
package enum SplitPlan: Equatable, Sendable {
  /// Into training, validation and test data with GPT-NeoX's rounding of document counts.
  case documents(weights: String)
  /// Into training, validation and test data, at the document ends nearest to shares of the tokens.
  case tokens(weights: String)
  /// Into parts of about as many documents each.
  case parts(Int)
  /// Into parts of about as many tokens each.
  case partsByTokens(Int)
}

/// A part of a dataset that is to be cut.
package struct SplitPart: Equatable, Sendable {
  /// What is put behind the output prefix: `_train`, `_03`.
  package let suffix: String
  /// The documents.
  package let documents: Range<Int>
}

/// Finds where a dataset is to be cut; parts may be empty.
package func splitParts(
  _ dataset: IndexedDataset, _ plan: SplitPlan
) throws(IndexedDataError) -> [SplitPart] {
  let count = dataset.tendedDocumentCount
  let names = ["_train", "_valid", "_test"]
  switch plan {
  case .documents(let weights):
    return try parts(dataset, names, try splitBoundaries(weights, count: count))
  case .tokens(let weights):
    let shares = try splitBoundaries(weights, count: dataset.tokenCount)
    return try parts(dataset, names, try documentEnds(dataset, nearestTo: shares))
  case .parts(let number):
    let ends = (0...number).map { multiplyDivide(count, $0, number) }
    return try parts(dataset, numberedSuffixes(number), ends)
  case .partsByTokens(let number):
    let shares = (0...number).map { multiplyDivide(dataset.tokenCount, $0, number) }
    return try parts(
      dataset, numberedSuffixes(number), try documentEnds(dataset, nearestTo: shares))
  }
}

/// Writes the parts that are not empty as `PREFIX_train` and so on, and companions, which say something
/// of the same documents, cut at the same ones.
///
/// All outputs are looked at before the first is written.
/// - Throws: `unsuitable` also where a companion has another number of documents.
package func splitDataset(
  _ input: String, to output: String, with companions: [(input: String, output: String)] = [],
  _ plan: SplitPlan, _ options: TendOptions = TendOptions()
) throws(IndexedDataError) -> [TendedDataset] {
  let dataset = try IndexCheck.openSound(input)
  let parts = try splitParts(dataset, plan)
  var all = [(dataset: dataset, output: output)]
  for companion in companions {
    let other = try IndexCheck.openSound(companion.input)
    try other.requireDocuments(of: dataset)
    all.append((other, companion.output))
  }
  let inputs = all.map(\.dataset.prefix)
  let written = parts.filter { !$0.documents.isEmpty }
  let outputs = all.flatMap { one in written.map { one.output + $0.suffix } }
  // Two splits with one output must not mix their parts, though each part is claimed by itself too.
  let lock = try OutputLock(output: output)
  return try withExtendedLifetime(lock) { () throws(IndexedDataError) in
    try writeTogether(outputs, of: inputs, options) { (work) throws(IndexedDataError) in
      var results: [TendedDataset] = []
      for one in all {
        results += try writeParts(written, of: one.dataset, to: one.output, in: work)
      }
      return results
    }
  }
}

private func writeParts(
  _ parts: [SplitPart], of dataset: IndexedDataset, to output: String,
  in work: TendTransaction
) throws(IndexedDataError) -> [TendedDataset] {
  let input = dataset.prefix
  var results: [TendedDataset] = []
  for part in parts {
    let piece = try DatasetPiece(dataset, documents: part.documents)
    let assembly = DatasetAssembly(
      pieces: [piece], format: dataset.format, elementType: dataset.elementType,
      variant: dataset.variant, keepsModes: dataset.hasModes)
    var result = try assembly.write(to: output + part.suffix, in: work)
    if !dataset.hasDocumentBoundaries { result.notes.append(lostBoundariesNote(input)) }
    results.append(result)
  }
  return results
}

private func parts(
  _ dataset: IndexedDataset, _ suffixes: [String], _ ends: [Int]
) throws(IndexedDataError) -> [SplitPart] {
  var parts: [SplitPart] = []
  for (place, suffix) in suffixes.enumerated() {
    guard ends[place] >= 0, ends[place] <= ends[place + 1] else {
      throw .unsuitable(
        path: dataset.prefix,
        reason: "GPT-NeoX's rounding of these weights gives the boundaries \(ends), which cannot"
          + " be; there are too few documents (\(dataset.tendedDocumentCount))")
    }
    parts.append(SplitPart(suffix: suffix, documents: ends[place]..<ends[place + 1]))
  }
  return parts
}

/// `_0` … `_9`, or `_00` … `_15`: as many digits as the last one needs, so that they sort.
private func numberedSuffixes(_ count: Int) -> [String] {
  let width = String(max(count - 1, 0)).utf8.count
  return (0..<count).map { number in
    let digits = String(number)
    return "_" + String(repeating: "0", count: width - digits.utf8.count) + digits
  }
}

/// For each number of tokens, the document end whose distance is least, the first of two equals.
private func documentEnds(
  _ dataset: IndexedDataset, nearestTo shares: [Int]
) throws(IndexedDataError) -> [Int] {
  let width = dataset.elementType.byteCount
  let count = dataset.tendedDocumentCount
  func tokens(before document: Int) throws(IndexedDataError) -> Int {
    try dataset.byteStart(ofSequence: dataset.tendedDocumentStart(document)) / width
  }
  var ends: [Int] = []
  for share in shares {
    // The first document end at or behind the share, by halving.
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if try tokens(before: middle) < share { low = middle + 1 } else { high = middle }
    }
    if low > 0, try share - tokens(before: low - 1) <= tokens(before: low) - share { low -= 1 }
    ends.append(max(low, ends.last ?? 0))
  }
  // Empty documents at either end belong to the outer parts.
  if !ends.isEmpty {
    ends[0] = 0
    if shares[shares.count - 1] == dataset.tokenCount { ends[ends.count - 1] = count }
  }
  return ends
}

private func multiplyDivide(_ value: Int, _ factor: Int, _ divisor: Int) -> Int {
  let product = value.multipliedFullWidth(by: factor)
  return divisor.dividingFullWidth(product).quotient
}
