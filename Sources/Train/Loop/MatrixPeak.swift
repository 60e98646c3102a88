internal import Machine

/// How fast an engine multiplies matrices at best.
package enum MatrixPeak {
  private static let size = 1024

  /// Operations a second of this machine with so many threads, in the precision of a configuration.
  ///
  /// - Throws: ``TrainError`` when there is too little memory.
  package static func measure(
    _ configuration: TrainingConfiguration, threads: Int
  ) throws(TrainError) -> Double {
    try measure(ScalarType(configuration.precision.kind), threads: threads)
  }

  /// Operations a second of this machine with so many threads and factors of a type.
  ///
  /// - Throws: ``TrainError`` when there is too little memory.
  package static func measure(_ type: ScalarType, threads: Int) throws(TrainError) -> Double {
    try measure(CPUEngine(threads: threads), type)
  }

  /// Operations a second of the fastest of a few products of square matrices, a product and a sum
  /// counting two.
  ///
  /// - Throws: ``TrainError`` when there is too little memory.
  static func measure(
    _ engine: any ComputeEngine, _ type: ScalarType
  ) throws(TrainError) -> Double {
    let shape = [size, size]
    let (tensors, memory) = try engine.place { plan in (0..<3).map { _ in plan.place(shape, type) }
    }
    try engine.reserve([.rows(width: size, type: type)])
    return withExtendedLifetime(memory) {
      var best = Double.infinity
      for _ in 0..<8 {
        let watch = Stopwatch()
        engine.linear(tensors[0], weight: tensors[1], bias: nil, into: tensors[2])
        best = min(best, watch.seconds)
      }
      return 2 * Double(size * size * size) / best
    }
  }
}
