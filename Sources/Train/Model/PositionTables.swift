internal import Glibc

extension ModelSettings {
  /// Fixed numbers that the reference's checkpoints hold besides the parameters.
  package var buffers: [(name: String, numbers: [Float])] {
    switch positions {
    case .alibi:
      let slopes = PositionTables.alibiSlopes(heads: headCount)
      return (0..<layerCount).map { ("sequential.\($0 + 2).attention.alibi_embed.slopes", slopes) }
    case .sinusoidal:
      let frequencies = PositionTables.frequencies(width: hiddenSize, base: 10000)
      return [("sequential.0.position_embeddings.inv_freq", frequencies)]
    case .none, .learned, .rotary, .relativeBias:
      return []
    }
  }
}

/// Numbers that positions or distances stand for.
enum PositionTables {
  /// Angles from one position to the next: base^(−2j/width), in single precision as the reference
  /// makes them.
  static func frequencies(width: Int, base: Double) -> [Float] {
    (0..<width / 2).map { Float(1) / Float(pow(base, Double(2 * $0) / Double(width))) }
  }

  /// Cosines and sines of position · base^(−2j/width), [positions, width / 2] each.
  static func rotary(positions: Int, width: Int, base: Double) -> (cosines: [Float], sines: [Float])
  {
    var cosines: [Float] = []
    var sines: [Float] = []
    cosines.reserveCapacity(positions * width / 2)
    sines.reserveCapacity(positions * width / 2)
    // The reference makes angles in single precision.
    let frequencies = frequencies(width: width, base: base)
    for position in 0..<positions {
      for frequency in frequencies {
        let angle = Double(Float(position) * frequency)
        cosines.append(Float(cos(angle)))
        sines.append(Float(sin(angle)))
      }
    }
    return (cosines, sines)
  }

  /// Rows of sines, then cosines, of position · 10000^(−2j/width).
  static func sinusoidal(positions: Int, width: Int) -> [Float] {
    let (cosines, sines) = rotary(positions: positions, width: width, base: 10000)
    let half = width / 2
    var table: [Float] = []
    for position in 0..<positions {
      let row = position * half..<(position + 1) * half
      table += sines[row]
      table += cosines[row]
    }
    return table
  }

  /// The slopes of ALiBi: powers of 2^(−8/n) for a power of two n, and between them every second
  /// slope of the next power (Press and others, 2021).
  static func alibiSlopes(heads: Int) -> [Float] {
    func powers(_ count: Int) -> [Float] {
      (1...count).map { Float(pow(2, -8 / Double(count) * Double($0))) }
    }
    var whole = 1
    while whole * 2 <= heads { whole *= 2 }
    let more = stride(from: 0, to: 2 * whole, by: 2).map { powers(2 * whole)[$0] }
    return Array((powers(whole) + more).prefix(heads))
  }

  /// The bucket of each distance: small distances have their own, larger ones share by logarithm
  /// (T5; `megatron/mpu/layers.py: _relative_position_bucket`).
  static func relativeBuckets(distances: Int, buckets: Int, maximum: Int) -> [Int] {
    let exact = buckets / 2
    return (0..<distances).map { distance in
      guard distance >= exact else { return distance }
      let place =
        log(Float(distance) / Float(exact)) / Float(log(Double(maximum) / Double(exact)))
        * Float(buckets - exact)
      return min(exact + Int(place), buckets - 1)
    }
  }
}
