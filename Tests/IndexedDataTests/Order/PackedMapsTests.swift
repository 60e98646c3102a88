import TestSupport
import Testing

@testable import IndexedData

/// Figures of GPT-NeoX itself.
@Suite("Maps of packed data")
struct PackedMapsTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  struct Case: Sendable {
    var length: OrderLength
    var sequenceLength: Int
    var seed: UInt32
    var order: [Int]
    var rows: [Int]
    var shuffle: [Int]
  }

  @Test(
    "five documents",
    arguments: [
      Case(
        length: .samples(10), sequenceLength: 4, seed: 1234, order: [2, 2, 4, 1, 0, 3, 4, 0, 1, 3],
        rows: [0, 0, 0, 4, 1, 2, 2, 0, 2, 4, 3, 0, 4, 1, 5, 1, 6, 3, 6, 7, 7, 3, 9, 0],
        shuffle: [3, 10, 2, 1, 7, 5, 4, 0, 8, 6, 9]),
      Case(
        length: .samples(3), sequenceLength: 8, seed: 42, order: [3, 1, 0, 0, 2, 2, 4, 4, 3, 1],
        rows: [0, 0, 2, 3, 4, 3, 5, 5, 6, 7, 7, 7], shuffle: [1, 0, 3, 4, 2]),
      Case(
        length: .epochs(1), sequenceLength: 4, seed: 1234, order: [4, 0, 1, 2, 3],
        rows: [0, 0, 0, 4, 1, 0, 2, 0, 3, 1, 3, 5], shuffle: [3, 2, 1, 0, 4]),
      Case(
        length: .samples(5), sequenceLength: 23, seed: 1234,
        order: [
          2, 0, 4, 1, 3, 3, 3, 3, 4, 3, 2, 4, 0, 2, 2, 1, 3, 0, 1, 0, 1, 4, 2, 4, 0, 2, 1, 1, 4, 0,
        ], rows: [0, 0, 5, 0, 11, 1, 15, 0, 21, 4, 25, 1], shuffle: [4, 1, 0, 3, 2]),
    ])
  func fiveDocuments(_ expected: Case) throws {
    let text = try Sample.t.dataset(folder, "t")
    let request = OrderRequest(
      documents: 0..<5, length: expected.length, sequenceLength: expected.sequenceLength,
      seed: expected.seed)
    let maps = try SampleMaps(request, OrderData(text: text))
    #expect(maps.documentIndices.numbers == expected.order)
    #expect(maps.sampleIndices.numbers == expected.rows)
    #expect(maps.shuffleIndices.numbers == expected.shuffle)
    #expect(maps.documentIndices.type == .int32 && maps.shuffleIndices.type == .uint32)
    let order = NeoxOrder(maps, request, prefix: text.prefix)
    #expect(order.count == expected.shuffle.count - 1)
  }

  @Test("samples overlap by a token and reach across documents")
  func samples() throws {
    let text = try Sample.t.dataset(folder, "t")
    func order(_ samples: Int, _ length: Int, _ seed: UInt32) throws -> NeoxOrder {
      let request = OrderRequest(
        documents: 0..<5, length: .samples(samples), sequenceLength: length, seed: seed)
      return NeoxOrder(
        try SampleMaps(request, OrderData(text: text)), request, prefix: text.prefix)
    }
    let first = try order(10, 4, 1234)
    #expect(
      try (0..<6).map { try first.tokens($0, text, length: 5) } == [
        [50, 51, 52, 53, 54], [0, 20, 21, 0, 40], [32, 33, 34, 0, 50], [34, 0, 30, 31, 32],
        [0, 50, 51, 52, 53], [20, 21, 0, 10, 11],
      ])
    // One more can be drawn than is counted; further ones begin anew.
    #expect(try first.pieces(10) != first.pieces(0) && first.pieces(11) == first.pieces(1))
    #expect(try first.pieces(25) == first.pieces(5))
    let second = try order(3, 8, 42)
    #expect(try second.tokens(0, text, length: 9) == [0, 10, 11, 12, 0, 30, 31, 32, 33])
    #expect(try second.tokens(1, text, length: 9) == [40, 0, 20, 21, 0, 10, 11, 12, 0])
  }

  @Test(
    "epochs needed",
    arguments: [
      (23, 4, 5, 1), (23, 4, 6, 2), (23, 4, 0, 1), (100, 10, 9, 1), (100, 10, 10, 2),
      (101, 10, 10, 1), (49019, 128, 1000, 3),
    ])
  func epochs(tokens: Int, length: Int, samples: Int, expected: Int) throws {
    let request = OrderRequest(
      documents: 0..<1, length: .samples(samples), sequenceLength: length)
    #expect(try PackedMaps.epochCount(tokens, request, "x") == expected)
  }

  @Test("a thousand documents, split in three")
  func thousandDocuments() throws {
    let text = try Sample.a.dataset(folder, "a")
    let boundaries = try splitBoundaries("949,50,1", count: 1000)
    let expected = [
      (
        1000, "137c19195d386fa316193df19aac1bdb2e6b773dcbb23842b9528e1b29755c60",
        "7e9fe006280fc4a5994baf2292812460aab5dd0eb5b6d5599fca2d94311d7255",
        "f6326783d64cd589175fbdf1178b8507c32dfdea963b28c750534cd3d18b32f8"
      ),
      (
        64, "15237e18d55d169ec7b74b9c1058d68b3dc3213dae16fd25268c1ed648a63a56",
        "0c0594207daeb5ae84d474ab87433b48959c65845d14510528942f09feefe724",
        "ed3281041107b63d95ec0b9d1223a88f1f74554ca8b6b947d2db81517f272869"
      ),
      (
        16, "03b3ade3e046d5b9fd073a388b825d4826f996e796f26a1f69e9566b78811620",
        "bd64d68c61389f3df6cf021ea2218e3c56a9b9c4d5bc3de338ff91a97a85f0d4",
        "251820aef7fc273f975c49bf9a7a15c90d67aef3a53d6f13756572e6cd9f1208"
      ),
    ]
    for (part, figures) in expected.enumerated() {
      let request = OrderRequest(
        documents: boundaries[part]..<boundaries[part + 1], length: .samples(figures.0),
        sequenceLength: 128)
      let maps = try SampleMaps(request, OrderData(text: text))
      #expect(maps.documentIndices.sha256 == figures.1)
      #expect(maps.sampleIndices.sha256 == figures.2)
      #expect(maps.shuffleIndices.sha256 == figures.3)
    }
  }

  @Test("long epochs of many samples are told apart by 64-bit rows")
  func wideRows() throws {
    // A billion samples cannot be made here; the bound is in the number of rows alone.
    let text = try Sample(documents: [[1]]).dataset(folder, "one")
    let request = OrderRequest(documents: 0..<1, length: .samples(3), sequenceLength: 1)
    let maps = try SampleMaps(request, OrderData(text: text))
    #expect(maps.sampleIndices.type == .int32)
    #expect(maps.sampleIndices.numbers == [0, 0, 1, 0, 2, 0, 3, 0])
  }

  @Test("nothing to train on is an error, not an endless loop")
  func nothing() throws {
    let empty = try Sample(documents: [[], []]).dataset(folder, "empty")
    let request = OrderRequest(documents: 0..<2, length: .samples(1), sequenceLength: 4)
    #expect(throws: IndexedDataError.self) { try SampleMaps(request, OrderData(text: empty)) }
    var beyond = request
    beyond.documents = 0..<3
    #expect(throws: IndexedDataError.self) { try SampleMaps(beyond, OrderData(text: empty)) }
    var much = request
    much.length = .samples(.max)
    #expect(throws: IndexedDataError.self) { try SampleMaps(much, OrderData(text: empty)) }
  }

  @Test("every token of the epochs is some sample's, in the order of the documents")
  func coverage() throws {
    for seed: UInt64 in 0..<20 {
      var random = SeededGenerator(seed: seed)
      let sample = Sample.random(seed: seed, documents: 30)
      let text = try sample.dataset(folder, "r\(seed)")
      let first = Int.random(in: 0..<15, using: &random)
      let request = OrderRequest(
        documents: first..<Int.random(in: (first + 1)...30, using: &random),
        length: .samples(Int.random(in: 0..<300, using: &random)),
        sequenceLength: Int.random(in: 1..<40, using: &random), seed: UInt32(seed))
      let maps = try SampleMaps(request, OrderData(text: text))
      let order = NeoxOrder(maps, request, prefix: text.prefix)
      let stream = maps.documentIndices.numbers.flatMap { sample.sequences[$0] }
      #expect(maps.documentIndices.numbers.allSatisfy(request.documents.contains))
      for index in 0...order.count {
        let row = maps.shuffleIndices[index] * request.sequenceLength
        #expect(
          try order.tokens(index, text, length: request.sequenceLength + 1)
            == Array(stream[row...(row + request.sequenceLength)]), "seed \(seed)")
      }
    }
  }
}
