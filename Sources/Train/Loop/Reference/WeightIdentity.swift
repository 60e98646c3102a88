internal import Machine

/// A name for the weights of a model: equal for equal numbers, whatever file they come from and whatever
/// the model's precision is.
enum WeightIdentity {
  /// XXH64 over names, shapes and fp32 numbers as halves keep them (``ScalarType/splitFloat32``), in the
  /// model's order, as 16 hexadecimal digits.
  static func text(_ model: GPTNeoX) -> String {
    var hash = ContentHash()
    for (parameter, master) in zip(model.parameters.parameters, model.parameters.masters) {
      let head = Array("\(parameter.name) \(parameter.shape)\n".utf8)
      unsafe hash.update(head.span.bytes)
      model.engine.forEachPiece(of: master) { update(&hash, $0) }
    }
    return ContentHash.text(hash.value)
  }

  private static func update(_ hash: inout ContentHash, _ numbers: Span<Float>) {
    var kept: [Float] = []
    for start in stride(from: 0, to: numbers.count, by: 1 << 16) {
      kept.removeAll(keepingCapacity: true)
      for index in start..<min(start + 1 << 16, numbers.count) {
        kept.append(numbers[index].keptInHalves)
      }
      unsafe hash.update(kept.span.bytes)
    }
  }
}
