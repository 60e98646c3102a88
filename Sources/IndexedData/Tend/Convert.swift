/// What a dataset is to become.
package struct Conversion: Equatable, Sendable {
  /// The type of elements; as it is when `nil`.
  package var elementType: ElementType?
  /// Whose codes of floating-point types the index has; as it is when `nil`.
  package var variant: IndexVariant?
  /// The format of the index; as it is when `nil`.
  package var format: IndexFormat?
  /// Whether the modes of a multimodal dataset are left out.
  package var dropsModes = false

  package init() {}
}

/// Writes a dataset with another type of elements, other codes or in another format, and companions,
/// which say something of the same documents, in that format; these keep their type of elements.
///
/// - Throws: ``IndexedDataError/doesNotFit(path:byte:value:type:)`` for the first element that the
///   new type cannot hold.
package func convertDataset(
  _ input: String, to output: String, with companions: [(input: String, output: String)] = [],
  _ conversion: Conversion, _ options: TendOptions = TendOptions()
) throws(IndexedDataError) -> [TendedDataset] {
  var form = conversion
  form.elementType = nil
  let all = [(input, output, conversion)] + companions.map { ($0.input, $0.output, form) }
  return try writeTogether(all.map(\.1), of: all.map(\.0), options) {
    (work) throws(IndexedDataError) in
    var results: [TendedDataset] = []
    for (input, output, form) in all {
      results.append(try convert(input, to: output, form, in: work))
    }
    return results
  }
}

private func convert(
  _ input: String, to output: String, _ conversion: Conversion, in work: TendTransaction
) throws(IndexedDataError) -> TendedDataset {
  let dataset = try IndexCheck.openSound(input)
  let elementType = conversion.elementType ?? dataset.elementType
  let format = conversion.format ?? dataset.format
  guard elementType.isFloatingPoint == dataset.elementType.isFloatingPoint else {
    throw .unsuitable(
      path: input,
      reason: "\(dataset.elementType.rawValue) cannot become \(elementType.rawValue):"
        + " token ids and fractions do not mix")
  }
  if format == .cached && dataset.hasModes && !conversion.dropsModes {
    throw .unsuitable(
      path: input + ".idx", reason: "TNTIDX cannot hold the modes of sequences; drop them to go on")
  }
  let assembly = DatasetAssembly(
    pieces: [try DatasetPiece(dataset)], format: format, elementType: elementType,
    variant: conversion.variant ?? dataset.variant,
    keepsModes: dataset.hasModes && !conversion.dropsModes)
  var result = try assembly.write(to: output, in: work)
  if !dataset.hasDocumentBoundaries { result.notes.append(lostBoundariesNote(input)) }
  return result
}
