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

/// Writes a dataset with another type of elements, other codes or in another format.
///
/// - Throws: ``IndexedDataError/doesNotFit(path:byte:value:type:)`` for the first element that the
///   new type cannot hold.
package func convertDataset(
  _ input: String, to output: String, _ conversion: Conversion,
  _ options: TendOptions = TendOptions()
) throws(IndexedDataError) -> TendedDataset {
  let dataset = try IndexedDataset(prefix: input, mode: .pread)
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
  var result = try assembly.write(to: output, inputs: [input], options)
  if !dataset.hasDocumentBoundaries { result.notes.append(lostBoundariesNote(input)) }
  return result
}
