/// How matrices begin (`init_method`, `output_layer_init_method`).
package enum InitializationScheme: String, Sendable, CaseIterable {
  case normal
  case scaledNormal = "scaled_normal"
  case singleResidualScaledNormal = "single_residual_scaled_normal"
  case smallInit = "small_init"
  case wangInit = "wang_init"
  case xavierUniform = "xavier_uniform"
  case xavierNormal = "xavier_normal"
  case orthogonal
  case scaledOrthogonal = "scaled_orthogonal"

  /// The numbers of a matrix [outputs, inputs] of a model.
  func distribution(shape: [Int], _ settings: ModelSettings) -> Distribution {
    let layers = Double(settings.layerCount)
    let width = Double(settings.hiddenSize)
    let deviation = settings.initializationDeviation
    let fans = Double(shape[0] + shape[1])
    switch self {
    case .normal: return .normal(deviation: deviation)
    case .scaledNormal: return .normal(deviation: deviation / (2 * layers).squareRoot())
    case .singleResidualScaledNormal: return .normal(deviation: deviation / layers.squareRoot())
    case .smallInit: return .normal(deviation: (2 / (5 * width)).squareRoot())
    case .wangInit: return .normal(deviation: 2 / layers / width.squareRoot())
    case .xavierUniform: return .uniform(bound: (6 / fans).squareRoot())
    case .xavierNormal: return .normal(deviation: (2 / fans).squareRoot())
    case .orthogonal: return .orthogonal(gain: 2.squareRoot())
    case .scaledOrthogonal: return .orthogonal(gain: (2 / layers).squareRoot())
    }
  }
}

/// What a parameter's first numbers are drawn from.
package enum Distribution: Sendable, Equatable {
  /// One number everywhere.
  case constant(Float)
  /// Normal numbers around 0.
  case normal(deviation: Double)
  /// Numbers between −bound and bound.
  case uniform(bound: Double)
  /// Orthogonal rows, or columns where there are fewer, of length `gain`.
  case orthogonal(gain: Double)
}

/// Orthogonal rows of equal length from normal numbers, by Gram and Schmidt done twice; the
/// diagonal of the other factor is positive, as the reference fixes it.
func orthogonalize(_ numbers: inout [Float], rows: Int, columns: Int, gain: Double) {
  let isWide = rows <= columns
  let vectors = isWide ? rows : columns
  let length = isWide ? columns : rows
  func index(_ vector: Int, _ place: Int) -> Int {
    isWide ? vector * columns + place : place * columns + vector
  }
  var basis: [[Double]] = []
  for vector in 0..<vectors {
    var direction = (0..<length).map { Double(numbers[index(vector, $0)]) }
    for _ in 0..<2 {
      for other in basis {
        var product = 0.0
        for place in 0..<length { product += direction[place] * other[place] }
        for place in 0..<length { direction[place] -= product * other[place] }
      }
    }
    var squares = 0.0
    for number in direction { squares += number * number }
    let factor = 1 / squares.squareRoot()
    for place in 0..<length {
      direction[place] *= factor
      numbers[index(vector, place)] = Float(direction[place] * gain)
    }
    basis.append(direction)
  }
}
