import Foundation

@testable import Train

/// Operations as their formulas say, one number after another, in double precision.
enum Oracle {
  static func linear(_ x: [Double], _ w: [Double], _ b: [Double], inputs: Int) -> [Double] {
    let outputs = w.count / inputs
    return (0..<x.count / inputs).flatMap { row in
      (0..<outputs).map { out in
        (0..<inputs).reduce(b.isEmpty ? 0 : b[out]) {
          $0 + x[row * inputs + $1] * w[out * inputs + $1]
        }
      }
    }
  }

  static func norm(
    _ kind: Norm.Kind, _ x: [Double], _ w: [Double], _ b: [Double], width: Int, epsilon: Double
  ) -> [Double] {
    var y: [Double] = []
    for row in 0..<x.count / width {
      let line = Array(x[row * width..<(row + 1) * width])
      let mean = kind == .layerNorm ? line.reduce(0, +) / Double(width) : 0
      let squares = line.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      let factor =
        kind == .scaleNorm
        ? 1 / max(squares.squareRoot(), epsilon)
        : 1 / (squares / Double(width) + epsilon).squareRoot()
      let first = (row * width) % max(w.count, 1)
      for (column, number) in line.enumerated() {
        let weight = w.isEmpty ? 1 : kind == .scaleNorm ? w[0] : w[first + column]
        y.append((number - mean) * factor * weight + (b.isEmpty ? 0 : b[first + column]))
      }
    }
    return y
  }

  static func activation(_ function: Activation.Function, _ x: Double) -> Double {
    switch function {
    case .identity: x
    case .gelu: 0.5 * x * (1 + erf(x / 2.squareRoot()))
    case .geluTanh: 0.5 * x * (1 + tanh(0.79788456 * x * (1 + 0.044715 * x * x)))
    case .relu: max(x, 0)
    case .softsign: x / (1 + abs(x))
    case .silu: x / (1 + exp(-x))
    case .mish: x * tanh(log1p(exp(x)))
    case .sigmoid: 1 / (1 + exp(-x))
    }
  }

  /// Attention over rows of queries, keys and values, head by head in each row.
  static func attention(
    _ q: [Double], _ k: [Double], _ v: [Double], bias: [Double], _ shape: Attention, heads: Int,
    keyHeads: Int, width: Int
  ) -> [Double] {
    var output = [Double](repeating: 0, count: q.count)
    let distances = bias.count / heads
    for sequence in 0..<shape.batch {
      for head in 0..<heads {
        for query in 0..<shape.queryCount {
          let position = shape.firstQuery + query
          let row = ((sequence * shape.queryCount + query) * heads + head) * width
          let first = max(0, position - (shape.window ?? position))
          func place(_ key: Int) -> Int {
            ((sequence * shape.keyCount + key) * keyHeads + head * keyHeads / heads) * width
          }
          let scores = (first...position).map { key in
            (0..<width).reduce(0) { $0 + q[row + $1] * k[place(key) + $1] } * Double(shape.scale)
              + (bias.isEmpty ? 0 : bias[head * distances + position - key])
          }
          let weights = scores.map { exp($0 - (scores.max() ?? 0)) }
          let sum = weights.reduce(0, +)
          for (weight, key) in zip(weights, first...position) {
            for column in 0..<width {
              output[row + column] += weight / sum * v[place(key) + column]
            }
          }
        }
      }
    }
    return output
  }

  static func labelLogProbabilities(
    _ hidden: [Double], _ weight: [Double], labels: [Int32], width: Int
  ) -> [Double] {
    let logits = linear(hidden, weight, [], inputs: width)
    let vocabulary = weight.count / width
    return labels.enumerated().map { row, label in
      let line = logits[row * vocabulary..<(row + 1) * vocabulary]
      let most = line.max() ?? 0
      let sum = line.reduce(0) { $0 + exp($1 - most) }
      return logits[row * vocabulary + Int(label)] - most - log(sum)
    }
  }
}
