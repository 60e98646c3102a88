internal import Machine

/// A name for the weights of a model: equal for equal numbers, whatever file they come from.
enum WeightIdentity {
  /// XXH64 over names, shapes and fp32 numbers, in the model's order, as 16 hexadecimal digits.
  static func text(_ model: GPTNeoX) -> String {
    var hash = ContentHash()
    for (parameter, master) in zip(model.parameters.parameters, model.parameters.masters) {
      let head = Array("\(parameter.name) \(parameter.shape)\n".utf8)
      unsafe hash.update(head.span.bytes)
      model.engine.forEachPiece(of: master) { unsafe hash.update($0.bytes) }
    }
    return ContentHash.text(hash.value)
  }
}
