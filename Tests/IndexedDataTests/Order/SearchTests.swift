import TestSupport
import Testing

@testable import IndexedData

@Suite("Searching an order for a document")
struct SearchTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  /// An order without an inverse of its own.
  private struct Plain: SampleOrder {
    let order: NeoxOrder
    var count: Int { order.count }

    func appendPieces(
      of index: Int, to pieces: inout [SamplePiece]
    ) throws(IndexedDataError) {
      try order.appendPieces(of: index, to: &pieces)
    }
  }

  @Test(
    "the maps read backwards find what drawing every sample finds", arguments: Packing.allCases,
    [MapStorage.memory, .besideData])
  func backwards(packing: Packing, storage: MapStorage) throws {
    let text = try Sample.rule(40, length: 7919, modulo: 97).dataset(folder, "a")
    let request = OrderRequest(
      documents: 3..<40, length: .samples(70), sequenceLength: 24, packing: packing)
    let maps = try MapFiles(request, OrderData(text: text), name: "train").prepare(storage).maps
    let order = NeoxOrder(maps, request, prefix: text.prefix)
    // Behind the last sample, where blends may draw, all begins again.
    let ranges = [0..<order.count, 0..<0, 5..<17, 0..<(3 * order.count + 2), 80..<200]
    var total = 0
    for document in 0..<40 {
      for range in ranges {
        let found = try order.samples(naming: document, in: range)
        let expected = try range.filter { sample in
          try order.pieces(sample).contains { $0.document == document }
        }
        #expect(found == expected, "document \(document) in \(range)")
        #expect(try Plain(order: order).samples(naming: document, in: range) == expected)
        total += found.count
      }
    }
    #expect(total > 300)
    #expect(try order.samples(naming: 2, in: 0..<order.count) == [])
  }

  @Test("a blend finds its samples again", arguments: [[1.0], [0.3, 0.7], [0.2, 0, 0.5, 0.3]])
  func blends(weights: [Double]) {
    let blend = Blend(weights: weights, count: 9001)
    var taken = [Int](repeating: 0, count: weights.count)
    for index in 0..<blend.count {
      let place = blend[index]
      #expect(blend.index(of: place.sample, from: place.dataset) == index)
      if index % 97 == 0 || index % 4096 < 2 {
        for dataset in weights.indices {
          #expect(blend.taken(from: dataset, first: index) == taken[dataset])
        }
      }
      taken[place.dataset] += 1
    }
    for dataset in weights.indices {
      #expect(blend.taken(from: dataset, first: blend.count) == taken[dataset])
      #expect(blend.index(of: taken[dataset], from: dataset) == nil)
      #expect(blend.index(of: -1, from: dataset) == nil)
    }
    #expect(Blend(weights: weights, count: 0).index(of: 0, from: 0) == nil)
  }
}
