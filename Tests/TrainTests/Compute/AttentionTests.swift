import Testing

@testable import Train

@Suite("Attention and its gradients")
struct AttentionTests {
  struct Shape: CustomTestStringConvertible {
    var testDescription: String
    var batch = 2
    var length = 9
    var heads = 4
    var keyHeads = 4
    var window: Int?
    var hasBias = false
  }

  static let shapes = [
    Shape(testDescription: "a head of keys for each of queries"),
    Shape(testDescription: "two heads of keys for four of queries", keyHeads: 2),
    Shape(testDescription: "one head of keys for all", keyHeads: 1),
    Shape(testDescription: "a window", window: 3),
    Shape(testDescription: "a bias by distance", hasBias: true),
    Shape(
      testDescription: "longer than a tile, with a window", batch: 1, length: 150, heads: 1,
      keyHeads: 1, window: 20, hasBias: true),
  ]

  @Test("outputs and gradients of every input", arguments: shapes)
  func gradients(shape: Shape) throws {
    let bench = OperationBench(seed: 11)
    let width = shape.length > 100 ? 2 : 4
    let rows = shape.batch * shape.length
    let (wide, narrow) = (shape.heads * width, shape.keyHeads * width)
    let numbers = [
      bench.random(rows * wide), bench.random(rows * narrow), bench.random(rows * narrow),
    ]
    let bias = shape.hasBias ? bench.random(shape.heads * shape.length) : []
    let upstream = bench.random(rows * wide)
    let views = try [wide, narrow, narrow].enumerated().map { index, size in
      HeadView(
        try bench.tensor(numbers[index], [rows, size]), headCount: size / width, width: width)
    }
    let gradients = try [wide, narrow, narrow].map { try bench.zeros([rows, $0]) }
    var attention = Attention(
      batch: shape.batch, queryCount: shape.length, keyCount: shape.length, scale: 0.7,
      window: shape.window)
    var biasGradient: Tensor?
    if shape.hasBias {
      attention.bias = try bench.tensor(bias, [shape.heads, shape.length])
      biasGradient = try bench.zeros([shape.batch, shape.heads, shape.length])
    }
    let output = try bench.zeros([rows, wide])
    let logSums = try bench.zeros([shape.batch * shape.heads, shape.length])
    let engine = bench.engine
    engine.attention(
      queries: views[0], keys: views[1], values: views[2], attention, into: output,
      logSums: logSums)
    engine.attentionGradient(
      queries: views[0], keys: views[1], values: views[2], attention, logSums: logSums,
      outputGradient: try bench.tensor(upstream, [rows, wide]),
      queryGradient: views[0].of(gradients[0]), keyGradient: views[1].of(gradients[1]),
      valueGradient: views[2].of(gradients[2]), biasGradient: biasGradient)
    var found = gradients.map(engine.numbers)
    if let biasGradient {
      let parts = engine.numbers(of: biasGradient)
      let count = shape.heads * shape.length
      found.append(
        (0..<count).map { place in
          (0..<shape.batch).reduce(0) { $0 + parts[$1 * count + place] }
        })
    }
    checkGradients(
      shape.testDescription, inputs: numbers + (shape.hasBias ? [bias] : []), upstream: upstream,
      found: (engine.numbers(of: output), found)
    ) {
      Oracle.attention(
        $0[0], $0[1], $0[2], bias: shape.hasBias ? $0[3] : [], attention, heads: shape.heads,
        keyHeads: shape.keyHeads, width: width)
    }
  }

  @Test("later queries alone give what they give among all")
  func laterQueries() throws {
    let bench = OperationBench(seed: 12)
    let (length, heads, width) = (10, 2, 4)
    let size = heads * width
    let (q, k, v) = (
      bench.random(length * size), bench.random(length * size), bench.random(length * size)
    )
    func view(_ numbers: [Float], _ rows: Int) throws -> HeadView {
      HeadView(try bench.tensor(numbers, [rows, size]), headCount: heads, width: width)
    }
    var attention = Attention(batch: 1, queryCount: length, keyCount: length, scale: 0.5)
    let (whole, part) = (try bench.zeros([length, size]), try bench.zeros([3, size]))
    let (keys, values) = (try view(k, length), try view(v, length))
    bench.engine.attention(
      queries: try view(q, length), keys: keys, values: values, attention, into: whole,
      logSums: try bench.zeros([heads, length]))
    attention.queryCount = 3
    attention.firstQuery = 7
    bench.engine.attention(
      queries: try view(Array(q.suffix(3 * size)), 3), keys: keys, values: values, attention,
      into: part, logSums: try bench.zeros([heads, 3]))
    let expected = Array(bench.engine.numbers(of: whole).suffix(3 * size))
    #expect(relativeDifference(bench.engine.numbers(of: part), expected) < 1e-6)
  }

  @Test("dropped probabilities: the gradient belongs to the same choice")
  func dropout() throws {
    let bench = OperationBench(seed: 13)
    let (length, width) = (12, 4)
    let numbers = (0..<3).map { _ in bench.random(length * width) }
    let upstream = bench.random(length * width)
    var attention = Attention(batch: 1, queryCount: length, keyCount: length, scale: 0.5)
    attention.dropout = Dropout(rate: 0.4, key: 99)
    func run(_ numbers: [[Float]]) throws -> (output: [Float], gradients: [[Float]]) {
      let views = try numbers.map {
        HeadView(try bench.tensor($0, [length, width]), headCount: 1, width: width)
      }
      let output = try bench.zeros([length, width])
      let logSums = try bench.zeros([1, length])
      bench.engine.attention(
        queries: views[0], keys: views[1], values: views[2], attention, into: output,
        logSums: logSums)
      let gradients = try (0..<3).map { _ in try bench.zeros([length, width]) }
      bench.engine.attentionGradient(
        queries: views[0], keys: views[1], values: views[2], attention, logSums: logSums,
        outputGradient: try bench.tensor(upstream, [length, width]),
        queryGradient: views[0].of(gradients[0]), keyGradient: views[1].of(gradients[1]),
        valueGradient: views[2].of(gradients[2]), biasGradient: nil)
      return (bench.engine.numbers(of: output), gradients.map(bench.engine.numbers))
    }
    let (output, gradients) = try run(numbers)
    var plain = attention
    plain.dropout = nil
    let kept = Oracle.attention(
      numbers[0].map(Double.init), numbers[1].map(Double.init), numbers[2].map(Double.init),
      bias: [], plain, heads: 1, keyHeads: 1, width: width)
    #expect(relativeDifference(output, kept.map(Float.init)) > 0.05)
    // Differences of the operation itself, along one random direction for each input.
    for index in 0..<3 {
      let direction = bench.random(length * width)
      let step: Float = 1e-2
      var (above, below) = (numbers, numbers)
      for place in direction.indices {
        above[index][place] += step * direction[place]
        below[index][place] -= step * direction[place]
      }
      let (high, low) = (try run(above).output, try run(below).output)
      var slope = 0.0
      for place in upstream.indices {
        slope += Double(upstream[place]) * (Double(high[place]) - Double(low[place]))
      }
      slope /= 2 * Double(step)
      let found = zip(gradients[index], direction).reduce(0.0) {
        $0 + Double($1.0) * Double($1.1)
      }
      #expect(abs(found - slope) < 2e-3 * max(1, abs(slope)), "input \(index): \(found), \(slope)")
    }
  }
}
