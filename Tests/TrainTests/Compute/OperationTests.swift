import Foundation
import Testing

@testable import Train

@Suite("Operations and their gradients")
struct OperationTests {
  @Test("a linear part", arguments: [1, 2, 3])
  func linear(threads: Int) throws {
    let bench = OperationBench(seed: 2, threads: threads)
    let (rows, inputs, outputs) = (19, 7, 37)
    let x = bench.random(rows * inputs)
    let w = bench.random(outputs * inputs)
    let b = bench.random(outputs)
    let upstream = bench.random(rows * outputs)
    let input = try bench.tensor(x, [rows, inputs])
    let weight = try bench.tensor(w, [outputs, inputs])
    let output = try bench.zeros([rows, outputs])
    let gradient = try bench.tensor(upstream, [rows, outputs])
    let (dx, dw, db) = (
      try bench.zeros([rows, inputs]), try bench.zeros([outputs, inputs]),
      try bench.zeros([outputs])
    )
    let engine = bench.engine
    engine.linear(input, weight: weight, bias: try bench.tensor(b, [outputs]), into: output)
    engine.linearInputGradient(gradient, weight: weight, into: dx, accumulate: false)
    engine.linearParameterGradients(
      input: input, outputGradient: gradient, weight: dw, bias: db, accumulate: true)
    checkGradients(
      "linear", inputs: [x, w, b], upstream: upstream,
      found: (engine.numbers(of: output), [dx, dw, db].map(engine.numbers))
    ) { Oracle.linear($0[0], $0[1], $0[2], inputs: inputs) }
    // Once more: parameters' gradients are added, and the input's where that is asked for.
    let once = [dx, dw, db].map(engine.numbers)
    engine.linearInputGradient(gradient, weight: weight, into: dx, accumulate: true)
    engine.linearParameterGradients(
      input: input, outputGradient: gradient, weight: dw, bias: db, accumulate: true)
    for (twice, once) in zip([dx, dw, db].map(engine.numbers), once) {
      #expect(relativeDifference(twice, once.map { 2 * $0 }) < 1e-6)
    }
  }

  @Test("norms", arguments: [Norm.Kind.layerNorm, .rmsNorm, .scaleNorm], [1, 3])
  func norms(kind: Norm.Kind, weightRows: Int) throws {
    let bench = OperationBench(seed: 3)
    let (rows, width) = (129, 10)
    let parameterCount = kind == .scaleNorm ? 1 : weightRows * width
    let hasBias = kind == .layerNorm
    let x = bench.random(rows * width)
    let w = bench.random(parameterCount)
    let b = hasBias ? bench.random(parameterCount) : []
    let upstream = bench.random(rows * width)
    let shape = kind == .scaleNorm ? [1] : [weightRows, width]
    let input = try bench.tensor(x, [rows, width])
    let norm = Norm(
      kind: kind, epsilon: 1e-3, weight: try bench.tensor(w, shape),
      bias: hasBias ? try bench.tensor(b, shape) : nil)
    let (output, dx) = (try bench.zeros([rows, width]), try bench.zeros([rows, width]))
    let statistics = try bench.zeros([rows, 2])
    let dw = try bench.zeros(shape)
    let db = hasBias ? try bench.zeros(shape) : nil
    let engine = bench.engine
    engine.norm(input, norm, into: output, statistics: statistics)
    engine.normGradient(
      input: input, norm, statistics: statistics,
      outputGradient: try bench.tensor(upstream, [rows, width]), inputGradient: dx,
      accumulate: false, gradients: NormGradients(weight: dw, bias: db))
    let gradients = [dx, dw] + (db.map { [$0] } ?? [])
    checkGradients(
      "\(kind)", inputs: hasBias ? [x, w, b] : [x, w], upstream: upstream,
      found: (engine.numbers(of: output), gradients.map(engine.numbers))
    ) {
      Oracle.norm(kind, $0[0], $0[1], hasBias ? $0[2] : [], width: width, epsilon: 1e-3)
    }
  }

  @Test("a scale norm of a row that is too short has a constant divisor")
  func shortRow() throws {
    let bench = OperationBench()
    let input = try bench.tensor([1e-4, -2e-4], [1, 2])
    let norm = Norm(kind: .scaleNorm, epsilon: 1e-2, weight: try bench.tensor([3], [1]), bias: nil)
    let (output, dx) = (try bench.zeros([1, 2]), try bench.zeros([1, 2]))
    let statistics = try bench.zeros([1, 2])
    bench.engine.norm(input, norm, into: output, statistics: statistics)
    bench.engine.normGradient(
      input: input, norm, statistics: statistics,
      outputGradient: try bench.tensor([1, 1], [1, 2]),
      inputGradient: dx, accumulate: false, gradients: NormGradients(weight: nil, bias: nil))
    #expect(relativeDifference(bench.engine.numbers(of: output), [3e-2, -6e-2]) < 1e-6)
    #expect(relativeDifference(bench.engine.numbers(of: dx), [300, 300]) < 1e-6)
  }

  @Test("activations, plain and gated", arguments: Activation.Function.allCases, [false, true])
  func activations(function: Activation.Function, isGated: Bool) throws {
    let bench = OperationBench(seed: 4)
    let (rows, width) = (3, 21)
    let inputWidth = isGated ? 2 * width : width
    let x = bench.random(rows * inputWidth).map { $0 * 4 }
    let upstream = bench.random(rows * width)
    let input = try bench.tensor(x, [rows, inputWidth])
    let (output, dx) = (try bench.zeros([rows, width]), try bench.zeros([rows, inputWidth]))
    let activation = Activation(function, isGated: isGated)
    bench.engine.activate(input, activation, into: output)
    bench.engine.activateGradient(
      input: input, activation, outputGradient: try bench.tensor(upstream, [rows, width]),
      inputGradient: dx)
    checkGradients(
      function.rawValue, inputs: [x], upstream: upstream,
      found: (bench.engine.numbers(of: output), [bench.engine.numbers(of: dx)])
    ) { inputs in
      (0..<rows * width).map { index in
        let place = index / width * inputWidth + index % width
        guard isGated else { return Oracle.activation(function, inputs[0][place]) }
        return Oracle.activation(function, inputs[0][place + width]) * inputs[0][place]
      }
    }
  }

  @Test("activations of large numbers stay finite", arguments: Activation.Function.allCases)
  func largeNumbers(function: Activation.Function) throws {
    let bench = OperationBench()
    let x: [Float] = [-1e4, -200, -88, -30, 30, 88, 200, 1e4]
    let input = try bench.tensor(x, [1, x.count])
    let output = try bench.zeros([1, x.count])
    bench.engine.activate(input, Activation(function), into: output)
    let expected = x.map { Float(Oracle.activation(function, Double($0))) }
    #expect(relativeDifference(bench.engine.numbers(of: output), expected) < 1e-6)
    bench.engine.activateGradient(
      input: input, Activation(function), outputGradient: input, inputGradient: output)
    let slopes = bench.engine.numbers(of: output)
    #expect(slopes.allSatisfy { $0.isFinite })
  }

  @Test("rotation turns each head by its position, and back")
  func rotation() throws {
    let bench = OperationBench(seed: 5)
    let (length, heads, width, turned) = (6, 2, 8, 4)
    let x = bench.random(2 * length * heads * width)
    let tensor = try bench.tensor(x, [2 * length, heads * width])
    let tables = PositionTables.rotary(positions: length + 3, width: turned, base: 100)
    let shape = [length + 3, turned / 2]
    let rotation = Rotation(
      cosines: try bench.tensor(tables.cosines, shape),
      sines: try bench.tensor(tables.sines, shape),
      firstPosition: 3, period: length)
    let view = HeadView(tensor, headCount: heads, width: width)
    bench.engine.rotate(view, rows: 2 * length, rotation, backward: false)
    let expected = (0..<x.count).map { index -> Float in
      let column = index % width
      guard column < turned else { return x[index] }
      let position = 3 + index / (heads * width) % length
      let pair = column % (turned / 2)
      let angle = Double(position) * pow(100, -2 * Double(pair) / Double(turned))
      let isFirst = column < turned / 2
      let partner = Double(x[isFirst ? index + turned / 2 : index - turned / 2])
      return Float(Double(x[index]) * cos(angle) + (isFirst ? -partner : partner) * sin(angle))
    }
    #expect(relativeDifference(bench.engine.numbers(of: tensor), expected) < 1e-6)
    bench.engine.rotate(view, rows: 2 * length, rotation, backward: true)
    #expect(relativeDifference(bench.engine.numbers(of: tensor), x) < 1e-6)
  }

  @Test("embedding and positions")
  func embedding() throws {
    let bench = OperationBench(seed: 6)
    let (length, width) = (5, 19)
    let tokens: [Int32] = [3, 1, 3, 0, 2, 3, 3, 1, 0, 0]
    let table = bench.random(4 * width)
    let positions = bench.random(7 * width)
    let upstream = bench.random(tokens.count * width)
    let ids = try bench.integers(tokens)
    let output = try bench.zeros([tokens.count, width])
    let gradient = try bench.tensor(upstream, [tokens.count, width])
    let (dTable, dPositions) = (try bench.zeros([4, width]), try bench.zeros([7, width]))
    let engine = bench.engine
    engine.embed(ids, table: try bench.tensor(table, [4, width]), into: output)
    engine.addPositions(
      try bench.tensor(positions, [7, width]), first: 2, period: length, to: output)
    engine.embedGradient(ids, outputGradient: gradient, table: dTable)
    engine.addPositionsGradient(gradient, first: 2, period: length, table: dPositions)
    checkGradients(
      "embedding", inputs: [table, positions], upstream: upstream,
      found: (engine.numbers(of: output), [dTable, dPositions].map(engine.numbers))
    ) { inputs in
      (0..<tokens.count * width).map { index in
        let row = index / width
        return inputs[0][Int(tokens[row]) * width + index % width]
          + inputs[1][(2 + row % length) * width + index % width]
      }
    }
  }

  @Test(
    "log-probabilities of labels, rows at a time", arguments: [ScalarType.float32, .bfloat16])
  func labels(type: ScalarType) throws {
    let bench = OperationBench(seed: 7)
    let (rows, width, vocabulary) = (13, 8, 40)
    let labels = (0..<rows).map { Int32(($0 * 17) % vocabulary) }
    // Numbers that every type can hold, so that only sums are rounded.
    let hidden = bench.random(rows * width).map { ($0 * 16).rounded() / 16 }
    let weight = bench.random(vocabulary * width).map { ($0 * 16).rounded() / 16 }
    let coefficients = bench.random(rows)
    let input = try bench.tensor(hidden, [rows, width], type)
    let matrix = try bench.tensor(weight, [vocabulary, width], type)
    let found = try bench.zeros([rows])
    let (dx, dw) = (try bench.zeros([rows, width], type), try bench.zeros([vocabulary, width]))
    bench.engine.labelLogProbabilities(
      hidden: input, weight: matrix, labels: try bench.integers(labels),
      workspace: try bench.zeros([4, vocabulary]), into: found,
      gradient: HeadGradient(
        coefficients: try bench.tensor(coefficients, [rows]), hidden: dx, weight: dw))
    checkGradients(
      "labels", inputs: [hidden, weight], upstream: coefficients.map { -$0 },
      found: (bench.engine.numbers(of: found), [dx, dw].map(bench.engine.numbers)),
      tolerance: type == .float32 ? 2e-5 : 1e-2
    ) { Oracle.labelLogProbabilities($0[0], $0[1], labels: labels, width: width) }
  }

  @Test("the hidden state's gradient behind a large vocabulary", arguments: [true, false])
  func largeVocabulary(isOurs: Bool) throws {
    let (rows, width, vocabulary) = (300, 16, 6200)
    func gradient(_ type: ScalarType, threads: Int) throws -> [Float] {
      let bench = OperationBench(seed: 11, threads: threads, ownProducts: isOurs)
      let hidden = bench.random(rows * width).map { ($0 * 16).rounded() / 16 }
      let weight = bench.random(vocabulary * width).map { ($0 * 16).rounded() / 16 }
      let dx = try bench.zeros([rows, width], type)
      bench.engine.labelLogProbabilities(
        hidden: try bench.tensor(hidden, [rows, width], type),
        weight: try bench.tensor(weight, [vocabulary, width], type),
        labels: try bench.integers((0..<rows).map { Int32($0 * 20) }),
        workspace: try bench.zeros([rows, vocabulary], type), into: try bench.zeros([rows]),
        gradient: HeadGradient(
          coefficients: try bench.tensor(bench.random(rows), [rows]), hidden: dx,
          weight: try bench.zeros([vocabulary, width])))
      return bench.engine.numbers(of: dx)
    }
    let found = try gradient(.bfloat16, threads: 1)
    #expect(relativeDifference(found, try gradient(.float32, threads: 1)) < 1e-2)
    #expect(try gradient(.bfloat16, threads: 3) == found)
  }

  @Test(
    "the largest logit counts wherever it is", arguments: [1, 15, 31, 32, 33, 63, 64, 97],
    [ScalarType.float32, .bfloat16])
  func largestLogit(vocabulary: Int, type: ScalarType) throws {
    let bench = OperationBench(seed: 10)
    // Row r has the logit 200 at r and 0 elsewhere: without the largest, exponentials overflow.
    var diagonal = [Float](repeating: 0, count: vocabulary * vocabulary)
    for row in 0..<vocabulary { diagonal[row * vocabulary + row] = 1 }
    let labels = (0..<vocabulary).map { Int32($0 % 2 == 0 ? $0 : ($0 + 1) % vocabulary) }
    let found = try bench.zeros([vocabulary])
    bench.engine.labelLogProbabilities(
      hidden: try bench.tensor(diagonal.map { $0 * 200 }, [vocabulary, vocabulary], type),
      weight: try bench.tensor(diagonal, [vocabulary, vocabulary], type),
      labels: try bench.integers(labels), workspace: try bench.zeros([4, vocabulary]), into: found,
      gradient: nil)
    let expected = labels.enumerated().map { $0 == Int($1) ? Float(0) : -200 }
    #expect(bench.engine.numbers(of: found) == expected)
  }

  @Test("products of half-precision numbers", arguments: [ScalarType.bfloat16, .float16])
  func halfProducts(type: ScalarType) throws {
    let bench = OperationBench(seed: 8)
    // Larger than the blocks of the conversion in every direction.
    let (rows, inputs, outputs) = (300, 1100, 530)
    let x = bench.random(rows * inputs).map { ($0 * 8).rounded() / 8 }
    let w = bench.random(outputs * inputs).map { ($0 * 8).rounded() / 8 }
    let engine = bench.engine
    let input = try bench.tensor(x, [rows, inputs], type)
    let weight = try bench.tensor(w, [outputs, inputs], type)
    let output = try bench.zeros([rows, outputs], type)
    let exact = try bench.zeros([rows, outputs])
    engine.linear(
      try bench.tensor(x, [rows, inputs]), weight: try bench.tensor(w, [outputs, inputs]),
      bias: nil, into: exact)
    engine.linear(input, weight: weight, bias: nil, into: output)
    // Every product and sum is exact in float32, so only the last rounding differs.
    let rounding = type == .bfloat16 ? 4e-3 : 5e-4
    let expected = engine.numbers(of: exact)
    for (number, expected) in zip(engine.numbers(of: output), expected) {
      #expect(abs(Double(number - expected)) <= rounding * Double(abs(expected)) + 1e-6)
    }
    let gradient = try bench.zeros([outputs, inputs])
    let exactGradient = try bench.zeros([outputs, inputs])
    engine.linearParameterGradients(
      input: input, outputGradient: output, weight: gradient, bias: nil, accumulate: true)
    let rounded = try bench.tensor(engine.numbers(of: output), [rows, outputs])
    engine.linearParameterGradients(
      input: try bench.tensor(x, [rows, inputs]), outputGradient: rounded, weight: exactGradient,
      bias: nil, accumulate: true)
    #expect(
      relativeDifference(engine.numbers(of: gradient), engine.numbers(of: exactGradient)) < 1e-6)
  }
}
